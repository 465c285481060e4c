/* Preloaded: every fsync and fdatasync takes SLOW_SYNC_MS longer, as on a flash card, and is counted in the file SLOW_SYNC_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t *count;
static struct timespec longer;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SLOW_SYNC_COUNT"), *ms = getenv("SLOW_SYNC_MS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) count = page;
    if (ms) longer.tv_nsec = atol(ms) * 1000000L;
}

static int slowly(const char *name, int file) {
    if (count) __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    nanosleep(&longer, NULL);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
