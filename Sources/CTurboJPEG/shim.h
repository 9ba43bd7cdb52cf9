// libturbojpeg's public header, made visible to Swift.
#include <turbojpeg.h>
