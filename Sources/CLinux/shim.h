// Linux calls that the Glibc module leaves out, because their declarations ask for _GNU_SOURCE.

// Writes a file system's data to the disk: syncfs(2).
int syncfs(int descriptor);
