/* What stands between a host and its disk while the fault programme runs.
 *
 * Loaded with LD_PRELOAD. It watches the files below FAULTS_DIRECTORY and does three things:
 * - it writes every change of them, and every fsync, to the log FAULTS_LOG, in the order in
 *   which they happened; images of a disk that lost power are made from that log;
 * - it makes the Nth write, fsync or truncation fail, as the page FAULTS_CONTROL says;
 * - it shifts the wall clock by what that page says.
 *
 * SQLite's index of its write-ahead log (-shm) is left out: it is memory and no promise.
 * A way of writing that is not known here ends the process, so that nothing goes unseen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATED = 1, WRITTEN = 2, TRUNCATED = 3, SYNCED = 4, UNLINKED = 5, RENAMED = 6, DIRECTORY_SYNCED = 7 };
enum { ON_WRITE = 1, ON_SYNC = 2, ON_TRUNCATE = 4, ON_OPEN = 8 };
enum { FDS = 65536 };

/* The control page: 64-bit words, the same in tests/faults/src/shim.rs. */
enum { ARMED, OPERATIONS, ERROR_NUMBER, STICKY, FIRST, COUNT, HITS, CLOCK_NANOS, WORDS };

struct record {
    uint64_t kind, file, offset, length; /* then `length` bytes */
};

static char directory[4096];
static size_t directory_length;
static int log_fd = -1;
static uint64_t log_position;
static volatile int64_t *control;
static uint64_t files[FDS]; /* inode of a watched file, 1 for the directory, 0 for others */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void give_up(const char *what) {
    dprintf(2, "faults shim: %s\n", what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *watched = getenv("FAULTS_DIRECTORY"), *log = getenv("FAULTS_LOG"), *page = getenv("FAULTS_CONTROL");
    if (watched && realpath(watched, directory)) directory_length = strlen(directory);
    if (log) {
        log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) give_up("the log cannot be opened");
        struct stat now;
        if (!fstat(log_fd, &now)) log_position = now.st_size;
    }
    if (page) {
        int fd = syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC);
        void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED) give_up("the control page cannot be mapped");
        control = at;
    }
}

/* The name below the watched directory, or NULL. */
static const char *watched_name(const char *path) {
    if (!directory_length || strncmp(path, directory, directory_length)) return NULL;
    const char *rest = path + directory_length;
    if (*rest == 0) return rest;
    if (*rest != '/') return NULL;
    rest++;
    size_t length = strlen(rest);
    if (strchr(rest, '/') || (length > 4 && !strcmp(rest + length - 4, "-shm"))) return NULL;
    return rest;
}

static uint64_t watched(int fd) { return fd >= 0 && fd < FDS ? files[fd] : 0; }

static void append(uint64_t kind, uint64_t file, uint64_t offset, const void *bytes, uint64_t length) {
    if (log_fd < 0) return;
    struct record record = {kind, file, offset, length};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)bytes, length}};
    if (syscall(SYS_writev, log_fd, parts, 2) != (long)(sizeof record + length)) give_up("the log takes no more");
    log_position += sizeof record + length;
}

/* 0: go on. -1: half of it. Anything else: the error to fail with. */
static int fault(int operation) {
    if (!control || !control[ARMED] || !(control[OPERATIONS] & operation)) return 0;
    int64_t number = __sync_add_and_fetch(&control[COUNT], 1);
    if (number < control[FIRST] || (number > control[FIRST] && !control[STICKY])) return 0;
    __sync_add_and_fetch(&control[HITS], 1);
    return control[ERROR_NUMBER] ? control[ERROR_NUMBER] : -1;
}

#define FAIL_IF_TOLD(operation)                            \
    int told = fault(operation);                           \
    if (told > 0) { errno = told; return -1; }

static int opened(int fd, const char *path, int existed) {
    if (fd < 0 || fd >= FDS) return fd;
    files[fd] = 0;
    const char *name = watched_name(path);
    struct stat now;
    if (!name || fstat(fd, &now)) return fd;
    if (*name == 0) { files[fd] = 1; return fd; }
    files[fd] = now.st_ino;
    if (!existed) append(CREATED, now.st_ino, 0, name, strlen(name));
    return fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
    const char *name = path[0] == '/' ? watched_name(path) : NULL;
    if (!name) {
        int fd = syscall(SYS_openat, at, path, flags, mode);
        if (fd >= 0 && fd < FDS) files[fd] = 0;
        return fd;
    }
    FAIL_IF_TOLD(ON_OPEN)
    pthread_mutex_lock(&lock);
    int existed = !syscall(SYS_access, path, F_OK);
    int fd = opened(syscall(SYS_openat, at, path, flags, mode), path, existed);
    if (fd >= 0 && existed && (flags & O_TRUNC) && watched(fd) > 1) append(TRUNCATED, watched(fd), 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE_OF(flags)                                     \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                 \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode = va_arg(rest, int);                          \
        va_end(rest);                                      \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_any(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    if (fd >= 0 && fd < FDS) files[fd] = 0;
    return syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) {
    FAIL_IF_TOLD(ON_WRITE)
    if (told < 0) length = length > 1 ? length / 2 : length;
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (done > 0) append(WRITTEN, files[fd], offset, bytes, done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    if (watched(fd)) return write_at(fd, bytes, length, offset);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return pwrite(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
    if (!watched(fd)) return syscall(SYS_write, fd, bytes, length);
    int flags = fcntl(fd, F_GETFL);
    off_t offset = lseek(fd, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = write_at(fd, bytes, length, offset);
    if (done > 0) lseek(fd, offset + done, SEEK_SET);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (watched(fd)) give_up("writev is not known");
    return syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (watched(fd)) give_up("pwritev is not known");
    return REAL(pwritev)(fd, parts, count, offset);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (watched(to)) give_up("copy_file_range is not known");
    return syscall(SYS_copy_file_range, from, at, to, to_at, length, flags);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
    if (watched(fd)) give_up("fallocate is not known");
    return syscall(SYS_fallocate, fd, mode, offset, length);
}

static int truncate_to(int fd, off_t length) {
    FAIL_IF_TOLD(ON_TRUNCATE)
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_ftruncate, fd, length);
    if (!done) append(TRUNCATED, files[fd], length, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate(int fd, off_t length) { return watched(fd) ? truncate_to(fd, length) : syscall(SYS_ftruncate, fd, length); }
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

/* What was written before the fsync began is safe once it returns; what came meanwhile is not. */
static int sync_file(int fd, long call) {
    FAIL_IF_TOLD(ON_SYNC)
    pthread_mutex_lock(&lock);
    uint64_t before = log_position;
    pthread_mutex_unlock(&lock);
    int done = syscall(call, fd);
    pthread_mutex_lock(&lock);
    if (!done) append(files[fd] == 1 ? DIRECTORY_SYNCED : SYNCED, files[fd], before, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int fd) { return watched(fd) ? sync_file(fd, SYS_fsync) : syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return watched(fd) ? sync_file(fd, SYS_fdatasync) : syscall(SYS_fdatasync, fd); }

int unlink(const char *path) {
    const char *name = watched_name(path);
    if (!name) return syscall(SYS_unlink, path);
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_unlink, path);
    if (!done) append(UNLINKED, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    const char *old = watched_name(from), *new = watched_name(to);
    if (!old && !new) return syscall(SYS_rename, from, to);
    if (!old || !new) give_up("a rename into or out of the directory is not known");
    char names[8192];
    int length = snprintf(names, sizeof names, "%s/%s", old, new);
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_rename, from, to);
    if (!done) append(RENAMED, 0, 0, names, length);
    pthread_mutex_unlock(&lock);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, clock, now);
    if (done || !control || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return done;
    int64_t nanos = now->tv_nsec + control[CLOCK_NANOS] % 1000000000;
    now->tv_sec += control[CLOCK_NANOS] / 1000000000;
    if (nanos < 0) { nanos += 1000000000; now->tv_sec--; }
    if (nanos >= 1000000000) { nanos -= 1000000000; now->tv_sec++; }
    now->tv_nsec = nanos;
    return 0;
}
