// libcurl's public header, made visible to Swift, and doors for its variadic functions, which Swift cannot call.
#include <curl/curl.h>
