// The CBLAS interface of the serial OpenBLAS build, made visible to Swift.
#include <cblas.h>
