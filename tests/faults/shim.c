/* Stands between a program and the C library, counts the calls that change something, and lets one of them go wrong.
 *
 * Loaded with LD_PRELOAD into a program and everything it starts. All processes count in one shared file, so "call 117"
 * is one instant of the whole run. tests/faults/shim.py is the other half and describes the settings.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define PIDS 1024
#define CALLS 4096

struct call {
    int32_t pid;
    char name[12];
    int64_t nanoseconds;
    char path[232];
};

struct shared {
    uint32_t count;
    uint32_t fired;
    uint32_t pids;
    uint32_t matched;
    int32_t pid[PIDS];
    struct call call[CALLS];
    int64_t start[PIDS]; /* when each process started: a number is soon given to another, which must not be killed */
};

enum mode { COUNT, KILL_TREE, KILL_GROUP, KILL_ONE, FAIL, FULL, RUN, SHORT, ALL_SHORT, STOP, WATCH, STOP_ONE };

static struct shared *shared;
static enum mode mode;
static uint32_t at, then_at;
static int error_number;
static const char *command, *only, *ends;
static const char *call_name, *call_path, *refused; /* which calls count for AT: all when there is no name */
static int refused_errno, after;
static __thread int inside;

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

/* When a process started, in the kernel's ticks; 0 for none. */
static int64_t started(pid_t pid) {
    char place[32], text[1024], *field;
    snprintf(place, sizeof place, "/proc/%d/stat", pid);
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, place, O_RDONLY | O_CLOEXEC, 0);
    if (descriptor < 0) return 0;
    long size = syscall(SYS_read, descriptor, text, sizeof text - 1);
    syscall(SYS_close, descriptor);
    text[size > 0 ? size : 0] = 0;
    if (!(field = strrchr(text, ')'))) return 0;
    for (int n = 2; n < 22 && field; n++) field = strchr(field + 1, ' ');
    return field ? atoll(field + 1) : 0;
}

static int is_still(uint32_t slot) {
    return shared->pid[slot] > 1 && shared->start[slot] && started(shared->pid[slot]) == shared->start[slot];
}

/* At the start of a program, and again in a fork that is told only later what is to go wrong. */
__attribute__((constructor, visibility("default"))) void fault_attach(void) {
    const char *file = getenv("FAULT_FILE");
    if (!file) return;
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0) return;
    void *map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    syscall(SYS_close, descriptor);
    if (map == MAP_FAILED) return;
    mode = (enum mode)setting("FAULT_MODE");
    at = (uint32_t)setting("FAULT_AT");
    then_at = (uint32_t)setting("FAULT_THEN");
    error_number = (int)setting("FAULT_ERRNO");
    command = getenv("FAULT_COMMAND");
    only = getenv("FAULT_ONLY");
    ends = getenv("FAULT_ENDS");
    call_name = getenv("FAULT_CALL");
    call_path = getenv("FAULT_PATH");
    after = (int)setting("FAULT_AFTER");
    refused = getenv("FAULT_REFUSED");
    refused_errno = (int)setting("FAULT_REFUSED_ERRNO");
    shared = map;
    uint32_t slot = __atomic_fetch_add(&shared->pids, 1, __ATOMIC_SEQ_CST);
    if (slot < PIDS) shared->start[slot] = started(getpid());
    if (slot < PIDS) shared->pid[slot] = getpid();
}

/* Send a signal to every process of the run, to this one last. */
static void signal_all(int number) {
    uint32_t known = shared->pids < PIDS ? shared->pids : PIDS;
    for (uint32_t i = 0; i < known; i++)
        if (shared->pid[i] != getpid() && is_still(i)) kill(shared->pid[i], number);
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number); /* this thread must not run on for a moment */
}

static void kill_all(void) {
    signal_all(SIGKILL);
    for (;;) pause();
}

/* The environment without this library. If another thread was in setenv() as we forked, that would wait for ever here. */
static char *const *plain_environment(char *main_process) {
    static char *kept[1024];
    size_t number = 0;
    for (char **one = environ; *one && number < 1022; one++)
        if (strncmp(*one, "LD_PRELOAD=", 11) && strncmp(*one, "FAULT_FILE=", 11) && strncmp(*one, "FAULT_MAIN=", 11))
            kept[number++] = *one;
    kept[number++] = main_process;
    return kept;
}

static void act(void) {
    pid_t child = fork();
    if (child == 0) {
        char main_process[40];
        snprintf(main_process, sizeof main_process, "FAULT_MAIN=%d", shared->pid[0]);
        shared = NULL;
        for (int descriptor = 3; descriptor < 256; descriptor++) syscall(SYS_close, descriptor);
        setsid();
        signal(SIGPIPE, SIG_DFL);
        char *const shell[] = {"sh", "-c", (char *)command, NULL};
        execve("/bin/sh", shell, plain_environment(main_process));
        _exit(127);
    }
    int status;
    if (child > 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
}

/* What a full disk refuses: whatever needs a block or an inode. */
static int needs_space(const char *name) {
    static const char *names[] = {"create", "write", "mkdir", "link", "symlink", "fsync", "sendfile", NULL};
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name)) return 1;
    return 0;
}

/* What goes wrong at the chosen call; return 1 when it is to fail with errno set, 2 when a write is to be cut short. */
static int happens(const char *name) {
    int result = 0, was = inside;
    inside = 1;
    switch (mode) {
    case KILL_TREE: kill_all(); break;
    case KILL_GROUP:
        if (getpgrp() == shared->pid[0] || is_still(0)) kill(-shared->pid[0], SIGKILL);
        if (getpgrp() == shared->pid[0]) for (;;) pause();
        break;
    case KILL_ONE: kill(getpid(), SIGKILL); for (;;) pause();
    case FAIL: errno = error_number; result = 1; break;
    case FULL: if (needs_space(name)) { errno = ENOSPC; result = 1; } break;
    case RUN: case WATCH: { int saved = errno; act(); errno = saved; break; }
    case STOP: signal_all(SIGSTOP); break; /* the harness acts, and lets it go on */
    case STOP_ONE: kill(getpid(), SIGSTOP); break; /* this process alone: its parent waits for it */
    case SHORT: case ALL_SHORT: result = 2; break;
    case COUNT: break;
    }
    inside = was;
    return result;
}

/* Tell whether a call is one of those that AT counts. */
static int named(const char *name, const char *path) {
    if (call_name && strcmp(call_name, name)) return 0;
    return !call_path || !fnmatch(call_path, path, 0);
}

/* Count one call; return what happens() does, or 3 when that is to be done after it. */
static int counted(const char *name, const char *path) {
    if (!shared || inside) return 0;
    if (!strncmp(path, "/dev/null", 9) || !strncmp(path, "/dev/tty", 8) || !strncmp(path, "/proc/", 6)) return 0;
    if (only && strncmp(path, only, strlen(only))) return 0;
    if (ends && (strlen(path) < strlen(ends) || strcmp(path + strlen(path) - strlen(ends), ends))) return 0;
    if (refused && !strcmp(refused, name)) { errno = refused_errno; return 1; }
    inside = 1;
    uint32_t number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    if (number <= CALLS) {
        struct call *call = &shared->call[number - 1];
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        call->nanoseconds = now.tv_sec * 1000000000LL + now.tv_nsec;
        strncpy(call->name, name, sizeof call->name - 1);
        size_t length = strlen(path), room = sizeof call->path - 1;
        strncpy(call->path, length > room ? path + (length - room) : path, room);
        call->pid = getpid();
    }
    int result = 0;
    if (then_at && shared->fired && number == shared->fired + then_at) kill_all();
    int mine = named(name, path), all = !call_name && !call_path;
    uint32_t match = !mine ? 0 : all ? number : __atomic_add_fetch(&shared->matched, 1, __ATOMIC_SEQ_CST);
    int hit = mine && match == at;
    int later = mode == WATCH ? match > at : (mode == FULL || mode == ALL_SHORT) && shared->fired;
    if (hit) shared->fired = number;
    if (hit || later) result = after && hit ? 3 : happens(name);
    inside = 0;
    return result;
}

static const char *full(int folder, const char *path, char *buffer) {
    if (path[0] == '/') return path;
    ssize_t length;
    if (folder == AT_FDCWD) {
        if (syscall(SYS_getcwd, buffer, (long)PATH_MAX) < 0) return path;
        length = (ssize_t)strlen(buffer);
    } else {
        char link[40];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = syscall(SYS_readlink, link, buffer, (long)PATH_MAX);
        if (length < 0) return path;
    }
    snprintf(buffer + length, (size_t)(2 * PATH_MAX - length), "%s%s", path[0] ? "/" : "", path);
    return buffer;
}

static int regular(int descriptor) {
    struct stat about;
    if (descriptor <= 2) return 0; /* what the program says goes to the harness, wherever that keeps it */
    return shared && !inside && !fstat(descriptor, &about) && S_ISREG(about.st_mode);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
/* Let one call happen, or not: 1 is instead of it, 3 is when it is done. */
#define CALL(counts, kind, folder, path, call) \
    do { \
        char buffer[2 * PATH_MAX]; \
        int wrong = (counts) ? counted(kind, full(folder, path, buffer)) : 0; \
        if (wrong == 1) return -1; \
        __typeof__(call) made = (call); \
        if (wrong == 3 && happens(kind) == 1) return -1; \
        return made; \
    } while (0)
#define PATH_CALL(kind, folder, path, call) CALL(shared && !inside, kind, folder, path, call)
#define FILE_CALL(kind, descriptor, call) CALL(regular(descriptor), kind, descriptor, "", call)

static int writes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0 && !(flags & O_DIRECTORY); }
static const char *opening(int flags) { return flags & (O_CREAT | O_TRUNC) ? "create" : "open"; }

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list list; va_start(list, flags); mode_t bits = va_arg(list, mode_t); va_end(list); \
        if (writes(flags)) PATH_CALL(opening(flags), AT_FDCWD, path, real(path, flags, bits)); \
        return real(path, flags, bits); \
    }
#define OPENS_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list list; va_start(list, flags); mode_t bits = va_arg(list, mode_t); va_end(list); \
        if (writes(flags)) PATH_CALL(opening(flags), folder, path, real(folder, path, flags, bits)); \
        return real(folder, path, flags, bits); \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);
#define OPENS_2(name) \
    int name(const char *path, int flags) { \
        REAL(name); \
        if (writes(flags)) PATH_CALL(opening(flags), AT_FDCWD, path, real(path, flags)); \
        return real(path, flags); \
    }
OPENS_2(__open_2)
OPENS_2(__open64_2)

int creat(const char *path, mode_t bits) { REAL(creat); PATH_CALL("create", AT_FDCWD, path, real(path, bits)); }
int creat64(const char *path, mode_t bits) { REAL(creat64); PATH_CALL("create", AT_FDCWD, path, real(path, bits)); }

#define FOPENS(name) \
    FILE *name(const char *path, const char *how) { \
        REAL(name); \
        char buffer[2 * PATH_MAX]; \
        if (shared && !inside && strpbrk(how, "wa+") && counted("create", full(AT_FDCWD, path, buffer)) == 1) return NULL; \
        return real(path, how); \
    }
FOPENS(fopen)
FOPENS(fopen64)

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(write);
    char buffer[2 * PATH_MAX];
    if (regular(descriptor)) {
        int wrong = counted("write", full(descriptor, "", buffer));
        if (wrong == 1) return -1;
        if (wrong == 2 && size > 1) size /= 2;
        ssize_t made = real(descriptor, data, size);
        return wrong == 3 && happens("write") == 1 ? -1 : made;
    }
    return real(descriptor, data, size);
}
ssize_t pwrite(int d, const void *data, size_t size, off_t where) { REAL(pwrite); FILE_CALL("write", d, real(d, data, size, where)); }
ssize_t pwrite64(int d, const void *data, size_t size, off64_t where) { REAL(pwrite64); FILE_CALL("write", d, real(d, data, size, where)); }
ssize_t writev(int d, const struct iovec *parts, int number) { REAL(writev); FILE_CALL("write", d, real(d, parts, number)); }
ssize_t sendfile(int out, int in, off_t *where, size_t size) { REAL(sendfile); FILE_CALL("sendfile", out, real(out, in, where, size)); }
ssize_t sendfile64(int out, int in, off64_t *where, size_t size) { REAL(sendfile64); FILE_CALL("sendfile", out, real(out, in, where, size)); }

int rename(const char *from, const char *to) { REAL(rename); PATH_CALL("rename", AT_FDCWD, to, real(from, to)); }
int renameat(int a, const char *from, int b, const char *to) { REAL(renameat); PATH_CALL("rename", b, to, real(a, from, b, to)); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    REAL(renameat2);
    if (flags && shared && !inside && refused && !strcmp(refused, "exchange")) { errno = refused_errno; return -1; }
    PATH_CALL(flags == 2 ? "exchange" : "rename", b, to, real(a, from, b, to, flags));
}
int link(const char *from, const char *to) { REAL(link); PATH_CALL("link", AT_FDCWD, to, real(from, to)); }
int linkat(int a, const char *from, int b, const char *to, int flags) { REAL(linkat); PATH_CALL("link", b, to, real(a, from, b, to, flags)); }
int symlink(const char *from, const char *to) { REAL(symlink); PATH_CALL("symlink", AT_FDCWD, to, real(from, to)); }
int symlinkat(const char *from, int b, const char *to) { REAL(symlinkat); PATH_CALL("symlink", b, to, real(from, b, to)); }
int unlink(const char *path) { REAL(unlink); PATH_CALL("unlink", AT_FDCWD, path, real(path)); }
int unlinkat(int a, const char *path, int flags) { REAL(unlinkat); PATH_CALL("unlink", a, path, real(a, path, flags)); }
int rmdir(const char *path) { REAL(rmdir); PATH_CALL("rmdir", AT_FDCWD, path, real(path)); }
int mkdir(const char *path, mode_t bits) { REAL(mkdir); PATH_CALL("mkdir", AT_FDCWD, path, real(path, bits)); }
int mkdirat(int a, const char *path, mode_t bits) { REAL(mkdirat); PATH_CALL("mkdir", a, path, real(a, path, bits)); }
int chmod(const char *path, mode_t bits) { REAL(chmod); PATH_CALL("chmod", AT_FDCWD, path, real(path, bits)); }
int fchmodat(int a, const char *path, mode_t bits, int flags) { REAL(fchmodat); PATH_CALL("chmod", a, path, real(a, path, bits, flags)); }
int fchmod(int d, mode_t bits) { REAL(fchmod); FILE_CALL("chmod", d, real(d, bits)); }
int truncate(const char *path, off_t size) { REAL(truncate); PATH_CALL("truncate", AT_FDCWD, path, real(path, size)); }
int truncate64(const char *path, off64_t size) { REAL(truncate64); PATH_CALL("truncate", AT_FDCWD, path, real(path, size)); }
int ftruncate(int d, off_t size) { REAL(ftruncate); FILE_CALL("truncate", d, real(d, size)); }
int ftruncate64(int d, off64_t size) { REAL(ftruncate64); FILE_CALL("truncate", d, real(d, size)); }
int fsync(int d) {
    REAL(fsync);
    PATH_CALL("fsync", d, "", real(d));
}
int fdatasync(int d) { REAL(fdatasync); FILE_CALL("fsync", d, real(d)); }
int utimensat(int a, const char *path, const struct timespec times[2], int flags) {
    REAL(utimensat);
    PATH_CALL("utime", a, path, real(a, path, times, flags));
}
int futimens(int d, const struct timespec times[2]) { REAL(futimens); FILE_CALL("utime", d, real(d, times)); }

/* What is asked of a forge has the name of its first word, POST; what is read of an answer is "answer". */
static int far(int descriptor) {
    struct sockaddr_storage about;
    socklen_t size = sizeof about;
    if (!shared || inside || getsockname(descriptor, (struct sockaddr *)&about, &size)) return 0;
    return about.ss_family == AF_INET || about.ss_family == AF_INET6;
}
static int asked(const char *text, size_t size, char verb[12], char path[232]) {
    static const char *verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    for (int i = 0; verbs[i]; i++) {
        size_t length = strlen(verbs[i]);
        if (size <= length || strncmp(text, verbs[i], length) || text[length] != ' ') continue;
        strcpy(verb, verbs[i]);
        size_t at = 0;
        for (const char *from = text + length + 1; from < text + size && !strchr(" ?\r\n", *from) && at < 231; from++)
            path[at++] = *from;
        path[at] = 0;
        return 1;
    }
    return 0;
}
ssize_t send(int descriptor, const void *data, size_t size, int flags) {
    REAL(send);
    char verb[12], path[232];
    int wrong = far(descriptor) && asked(data, size, verb, path) ? counted(verb, path) : 0;
    if (wrong == 1) return -1;
    ssize_t made = real(descriptor, data, size, flags);
    return wrong == 3 && happens(verb) == 1 ? -1 : made;
}
ssize_t recv(int descriptor, void *data, size_t size, int flags) {
    REAL(recv);
    int wrong = far(descriptor) ? counted("answer", "/live/forge/answer") : 0;
    if (wrong == 1) return -1;
    ssize_t made = real(descriptor, data, size, flags);
    return wrong == 3 && happens("answer") == 1 ? -1 : made;
}

/* What is started is named by all its words: "git update-ref -m ..."; it counts only where such a call is asked for. */
static const char *words(char *const argv[], char *buffer, size_t room) {
    size_t length = 0;
    buffer[0] = 0;
    for (int i = 0; argv[i] && length + 1 < room; i++)
        length += (size_t)snprintf(buffer + length, room - length, i ? " %s" : "%s", argv[i]);
    return buffer;
}
#define EXECS(argv, call) \
    if (shared && !inside && call_name && !strcmp(call_name, "execve")) { \
        char line[4096]; \
        if (counted("execve", words(argv, line, sizeof line)) == 1) return -1; \
    } \
    return call
int execve(const char *path, char *const argv[], char *const envp[]) { REAL(execve); EXECS(argv, real(path, argv, envp)); }
int execv(const char *path, char *const argv[]) { REAL(execv); EXECS(argv, real(path, argv)); }
int execvp(const char *path, char *const argv[]) { REAL(execvp); EXECS(argv, real(path, argv)); }

/* A file system that knows no locks says so, or says that a lock was taken and keeps none. */
int flock(int d, int how) {
    REAL(flock);
    const char *kind = getenv("FAULT_FLOCK");
    if (kind && !strcmp(kind, "refused")) { errno = ENOLCK; return -1; }
    if (kind && !strcmp(kind, "ignored")) return 0;
    return real(d, how);
}

/* renameat2 may also be called by its number. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
#ifdef SYS_renameat2
    if (number == SYS_renameat2) {
        PATH_CALL(e == 2 ? "exchange" : "rename", (int)c, (const char *)d, real(number, a, b, c, d, e, f));
    }
#endif
    return real(number, a, b, c, d, e, f);
}
