/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of QEMU's qtest protocol.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "qtest.h"

#define BIOS_BYTES          (64u << 10)
#define BIOS_RESET_OFFSET   0xfff0u
/* Longest chain of bottom halves: a doorbell's, a frame's, a vector's */
#define SETTLE_TURNS        6
/* Freed memory of QEMU is filled with this: use after free shows */
#define FREED_MEMORY        "165"
#define LINE_BYTES          256
#define MAX_ARGS            64
#define START_TIMEOUT_MS    30000
/* RAM below 1 MiB has holes; the tests stay above it. */
#define ALLOC_FIRST         (1ULL << 20)

struct Qtest {
    pid_t pid;
    /* our end of the socket that is QEMU's standard input and output */
    int fd;
    int qmp_fd;
    int log_fd;
    int ram_fd;
    int bios_fd;
    uint8_t *ram;
    uint64_t next_alloc;
    bool dead;
    char in[LINE_BYTES];
    size_t in_len;
    char *log_text;
};

static void die(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("# qtest: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static int make_memfd(const char *name, uint64_t len)
{
    int fd = memfd_create(name, 0);

    if (fd < 0 || ftruncate(fd, len)) {
        die("cannot make %s of %" PRIu64 " bytes: %s", name, len,
            strerror(errno));
    }
    return fd;
}

/* cli; 1: hlt; jmp 1b, at the reset vector */
static int make_bios(void)
{
    static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd };
    int fd = make_memfd("qtest-bios", BIOS_BYTES);

    if (pwrite(fd, code, sizeof(code), BIOS_RESET_OFFSET) != sizeof(code)) {
        die("cannot write the ROM: %s", strerror(errno));
    }
    return fd;
}

static const char *plugin_path(void)
{
    const char *path = getenv("CONNECTX_PLUGIN");

    if (!path || access(path, R_OK)) {
        die("CONNECTX_PLUGIN must name the built connectx.so (it is %s)",
            path ? path : "not set");
    }
    return path;
}

/* A plug-in built with a sanitizer needs its runtime loaded before it. */
static void set_preload(void)
{
    const char *first = getenv("QTEST_PRELOAD");
    char *list;

    if (asprintf(&list, "%s%s%s", first ? first : "", first ? ":" : "",
                 plugin_path()) < 0) {
        die("out of memory");
    }
    setenv("LD_PRELOAD", list, 1);
}

static void run_qemu(Qtest *q, int child_fd, int child_qmp_fd,
                     const char *const *args)
{
    const char *qemu = getenv("QEMU");
    const char *trace = getenv("QTEST_TRACE");
    char memory[160], bios[64], qmp[64];
    const char *argv[MAX_ARGS];
    unsigned n = 0;

    snprintf(memory, sizeof(memory),
             "memory-backend-file,id=ram,share=on,size=%llu,"
             "mem-path=/proc/self/fd/%d", QTEST_RAM_BYTES, q->ram_fd);
    snprintf(bios, sizeof(bios), "/proc/self/fd/%d", q->bios_fd);
    snprintf(qmp, sizeof(qmp), "socket,id=qmp,fd=%d", child_qmp_fd);
    argv[n++] = qemu ? qemu : "qemu-system-x86_64";
    argv[n++] = "-machine";
    argv[n++] = "q35,memory-backend=ram";
    argv[n++] = "-object";
    argv[n++] = memory;
    argv[n++] = "-m";
    argv[n++] = "128";
    argv[n++] = "-accel";
    argv[n++] = "tcg";
    argv[n++] = "-smp";
    argv[n++] = "1";
    argv[n++] = "-bios";
    argv[n++] = bios;
    argv[n++] = "-nodefaults";
    argv[n++] = "-no-user-config";
    argv[n++] = "-display";
    argv[n++] = "none";
    argv[n++] = "-qtest";
    argv[n++] = "stdio";
    argv[n++] = "-qtest-log";
    argv[n++] = "none";
    argv[n++] = "-chardev";
    argv[n++] = qmp;
    argv[n++] = "-mon";
    argv[n++] = "chardev=qmp,mode=control";
    if (trace) {
        argv[n++] = "-trace";
        argv[n++] = trace;
    }
    for (unsigned i = 0; args && args[i]; i++) {
        if (n >= MAX_ARGS - 1) {
            die("too many arguments for QEMU");
        }
        argv[n++] = args[i];
    }
    argv[n] = NULL;
    set_preload();
    setenv("MALLOC_PERTURB_", FREED_MEMORY, 1);
    dup2(child_fd, STDIN_FILENO);
    dup2(child_fd, STDOUT_FILENO);
    dup2(q->log_fd, STDERR_FILENO);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static Qtest *spawn(const char *const *args)
{
    Qtest *q = calloc(1, sizeof(*q));
    pid_t parent = getpid();
    int pair[2], qmp[2];

    if (!q) {
        die("out of memory");
    }
    /* A write to a machine that died must be an error, not a signal. */
    signal(SIGPIPE, SIG_IGN);
    q->ram_fd = make_memfd("qtest-ram", QTEST_RAM_BYTES);
    q->bios_fd = make_bios();
    q->log_fd = make_memfd("qtest-log", 0);
    q->next_alloc = ALLOC_FIRST;
    q->ram = mmap(NULL, QTEST_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                  q->ram_fd, 0);
    if (q->ram == MAP_FAILED) {
        die("cannot map guest RAM: %s", strerror(errno));
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp)) {
        die("socketpair: %s", strerror(errno));
    }
    fflush(NULL);
    q->pid = fork();
    if (q->pid < 0) {
        die("fork: %s", strerror(errno));
    }
    if (!q->pid) {
        /* No machine outlives its test, however the test ends. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        fcntl(qmp[1], F_SETFD, 0);
        run_qemu(q, pair[1], qmp[1], args);
    }
    close(pair[1]);
    close(qmp[1]);
    q->fd = pair[0];
    q->qmp_fd = qmp[0];
    return q;
}

static void free_qtest(Qtest *q)
{
    munmap(q->ram, QTEST_RAM_BYTES);
    close(q->fd);
    close(q->qmp_fd);
    close(q->ram_fd);
    close(q->bios_fd);
    close(q->log_fd);
    free(q->log_text);
    free(q);
}

const char *qtest_messages(Qtest *q)
{
    off_t len = lseek(q->log_fd, 0, SEEK_END);

    free(q->log_text);
    q->log_text = calloc(1, len + 1);
    if (!q->log_text || pread(q->log_fd, q->log_text, len, 0) != len) {
        die("cannot read QEMU's messages");
    }
    return q->log_text;
}

/* Copies the next complete line to @line without its end; false at the end. */
static bool read_line(Qtest *q, char *line)
{
    for (;;) {
        char *end = memchr(q->in, '\n', q->in_len);
        ssize_t got;

        if (end) {
            size_t len = end - q->in;

            memcpy(line, q->in, len);
            line[len] = '\0';
            q->in_len -= len + 1;
            memmove(q->in, end + 1, q->in_len);
            return true;
        }
        if (q->in_len == sizeof(q->in)) {
            die("reply of QEMU longer than %zu bytes", sizeof(q->in));
        }
        got = read(q->fd, q->in + q->in_len, sizeof(q->in) - q->in_len);
        if (got <= 0) {
            if (got < 0 && errno == EINTR) {
                continue;
            }
            return false;
        }
        q->in_len += got;
    }
}

/*
 * Sends one command and returns the number in its reply, 0 if there is none.
 * A machine that is gone answers 0: tests find out by qtest_stop().
 */
static uint64_t command(Qtest *q, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static uint64_t reply(Qtest *q)
{
    char line[LINE_BYTES];

    do {
        if (!read_line(q, line)) {
            q->dead = true;
            return 0;
        }
    } while (!strncmp(line, "IRQ ", 4));
    if (strncmp(line, "OK", 2)) {
        die("QEMU refused a qtest command: %s", line);
    }
    return line[2] ? strtoull(line + 3, NULL, 0) : 0;
}

static uint64_t command(Qtest *q, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    int len;

    if (q->dead) {
        return 0;
    }
    va_start(ap, fmt);
    len = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (write(q->fd, line, len) != len) {
        q->dead = true;
        return 0;
    }
    return reply(q);
}

int qtest_qmp_fd(const Qtest *q)
{
    return q->qmp_fd;
}

bool qtest_alive(Qtest *q)
{
    command(q, "inb 0x80\n");
    return !q->dead;
}

Qtest *qtest_start(const char *const *args)
{
    Qtest *q = spawn(args);

    if (!qtest_alive(q)) {
        fputs(qtest_messages(q), stderr);
        die("QEMU did not start");
    }
    return q;
}

int qtest_start_refused(const char *const *args, char *text, size_t len)
{
    uint64_t deadline_ms = now_ms() + START_TIMEOUT_MS;
    Qtest *q = spawn(args);
    int status, result = -1;

    while (waitpid(q->pid, &status, WNOHANG) == 0) {
        if (now_ms() > deadline_ms || qtest_alive(q)) {
            kill(q->pid, SIGKILL);
            waitpid(q->pid, &status, 0);
            free_qtest(q);
            return result;
        }
    }
    result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    snprintf(text, len, "%s", qtest_messages(q));
    free_qtest(q);
    return result;
}

static bool sanitizer_report(Qtest *q)
{
    const char *text = qtest_messages(q);

    return strstr(text, "ERROR: AddressSanitizer") ||
           strstr(text, ": runtime error: ");
}

bool qtest_stop(Qtest *q)
{
    bool good = qtest_alive(q);
    int status;

    kill(q->pid, SIGTERM);
    if (waitpid(q->pid, &status, 0) != q->pid) {
        die("lost QEMU: %s", strerror(errno));
    }
    /* QEMU ends with status 0 on SIGTERM. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) || sanitizer_report(q)) {
        good = false;
    }
    if (!good) {
        fprintf(stderr, "# QEMU ended with wait status 0x%x:\n%s", status,
                qtest_messages(q));
    }
    free_qtest(q);
    return good;
}

static FILE *open_proc(const Qtest *q, const char *name, const char *mode)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)q->pid, name);
    file = fopen(path, mode);
    if (!file) {
        die("%s: %s", path, strerror(errno));
    }
    return file;
}

unsigned long qtest_cpu_ms(const Qtest *q)
{
    FILE *stat = open_proc(q, "stat", "r");
    unsigned long user, kernel;

    /* proc(5): fields 14 and 15; the name has no blanks */
    if (fscanf(stat, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
               "%*s %lu %lu", &user, &kernel) != 2) {
        die("/proc/%d/stat: not as expected", (int)q->pid);
    }
    fclose(stat);
    return (user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

unsigned long qtest_peak_kib(const Qtest *q)
{
    FILE *status = open_proc(q, "status", "r");
    FILE *clear = open_proc(q, "clear_refs", "w");
    unsigned long kib = 0;
    char line[256];

    while (!kib && fgets(line, sizeof(line), status)) {
        sscanf(line, "VmHWM: %lu", &kib);
    }
    fclose(status);
    /* proc(5): 5 sets the peak back to what there is */
    fputs("5", clear);
    fclose(clear);
    return kib;
}

bool qtest_is_watched(void)
{
    return getenv("QTEST_PRELOAD");
}

void qtest_outl(Qtest *q, uint16_t port, uint32_t val)
{
    command(q, "outl 0x%x 0x%x\n", port, val);
}

uint32_t qtest_inl(Qtest *q, uint16_t port)
{
    return command(q, "inl 0x%x\n", port);
}

static char size_letter(unsigned size)
{
    switch (size) {
    case 1:
        return 'b';
    case 2:
        return 'w';
    case 4:
        return 'l';
    case 8:
        return 'q';
    default:
        die("no access of %u bytes", size);
    }
}

void qtest_write(Qtest *q, uint64_t addr, uint64_t val, unsigned size)
{
    command(q, "write%c 0x%" PRIx64 " 0x%" PRIx64 "\n", size_letter(size),
            addr, val);
}

uint64_t qtest_read(Qtest *q, uint64_t addr, unsigned size)
{
    return command(q, "read%c 0x%" PRIx64 "\n", size_letter(size), addr);
}

uint64_t qtest_write_read(Qtest *q, uint64_t addr, uint64_t val, unsigned size,
                          uint64_t read_addr, unsigned read_size)
{
    command(q, "write%c 0x%" PRIx64 " 0x%" PRIx64 "\nread%c 0x%" PRIx64 "\n",
            size_letter(size), addr, val, size_letter(read_size), read_addr);
    return q->dead ? 0 : reply(q);
}

void *qtest_ram(Qtest *q, uint64_t addr, size_t len)
{
    if (addr > QTEST_RAM_BYTES || len > QTEST_RAM_BYTES - addr) {
        die("0x%" PRIx64 " + %zu is outside guest RAM", addr, len);
    }
    return q->ram + addr;
}

uint64_t qtest_alloc(Qtest *q, size_t len, size_t align)
{
    uint64_t addr = (q->next_alloc + align - 1) & ~(uint64_t)(align - 1);

    memset(qtest_ram(q, addr, len), 0, len);
    q->next_alloc = addr + len;
    return addr;
}

uint64_t qtest_alloc_mark(Qtest *q)
{
    return q->next_alloc;
}

void qtest_alloc_release(Qtest *q, uint64_t mark)
{
    q->next_alloc = mark;
}

void qtest_settle(Qtest *q)
{
    for (int i = 0; i < SETTLE_TURNS; i++) {
        qtest_alive(q);
    }
}

bool qtest_wait(Qtest *q, bool (*cond)(void *opaque), void *opaque,
                unsigned timeout_ms)
{
    uint64_t deadline_ms = now_ms() + timeout_ms;

    while (!cond(opaque)) {
        /* The round trip is what lets QEMU's main loop run. */
        if (now_ms() > deadline_ms || !qtest_alive(q)) {
            return cond(opaque);
        }
    }
    return true;
}
