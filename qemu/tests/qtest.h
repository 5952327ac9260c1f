/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of QEMU's qtest protocol: runs a machine that has no guest
 * software and drives its PCI bus and memory from the test.
 *
 * The vCPU executes "hlt" from a 64 KiB ROM that the client makes, so the
 * virtual clock runs, timers fire and nothing touches the devices.  Guest
 * RAM is a memfd that the test has mapped too: reading and writing it costs
 * nothing and needs no round trip.  Register accesses are qtest commands, and
 * each is a full round trip, so whatever the device did synchronously is
 * visible in RAM when the access returns.
 */
#ifndef QTEST_H
#define QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QTEST_RAM_BYTES     (128ULL << 20)

typedef struct Qtest Qtest;

/*
 * Starts a machine with PCIe and the NULL-terminated arguments added to its
 * command line.  $QEMU names the binary, $CONNECTX_PLUGIN the device model
 * that it loads.  Ends the test program when QEMU does not come up.
 */
Qtest *qtest_start(const char *const *args);

/*
 * Like qtest_start(), for command lines that QEMU is expected to refuse:
 * returns its exit status (or -1 if it went on running) and copies up to
 * @len - 1 bytes of its messages to @text.
 */
int qtest_start_refused(const char *const *args, char *text, size_t len);

/*
 * Ends the machine.  Returns true if it was still answering and then ended
 * by our signal alone; a machine that died on its own has its messages
 * printed.
 */
bool qtest_stop(Qtest *q);

/* True while the machine answers. */
bool qtest_alive(Qtest *q);

/*
 * The most memory that QEMU has had, in KiB, with what it has of RAM: since its
 * start, or since this was asked for last.
 */
unsigned long qtest_peak_kib(const Qtest *q);
/* What QEMU has taken of the CPUs since its start. */
unsigned long qtest_cpu_ms(const Qtest *q);
/* Does something watch QEMU's memory that takes much of it for itself? */
bool qtest_is_watched(void);

/* Our end of the machine's monitor; stays the machine's. */
int qtest_qmp_fd(const Qtest *q);

/* What QEMU has printed so far; valid until the next call. */
const char *qtest_messages(Qtest *q);

void qtest_outl(Qtest *q, uint16_t port, uint32_t val);
uint32_t qtest_inl(Qtest *q, uint16_t port);

/* Little-endian accesses of @size 1, 2, 4 or 8 bytes as a CPU makes them. */
void qtest_write(Qtest *q, uint64_t addr, uint64_t val, unsigned size);
uint64_t qtest_read(Qtest *q, uint64_t addr, unsigned size);

/*
 * A write and a read of @read_size bytes behind it in one turn of the main
 * loop: the read finds what the device did inside of the write, and nothing
 * else.
 */
uint64_t qtest_write_read(Qtest *q, uint64_t addr, uint64_t val, unsigned size,
                          uint64_t read_addr, unsigned read_size);

/* The test's own view of guest RAM; ends the program if out of range. */
void *qtest_ram(Qtest *q, uint64_t addr, size_t len);

/*
 * Takes zeroed guest RAM for the life of the machine; @align is a power of
 * two.
 */
uint64_t qtest_alloc(Qtest *q, size_t len, size_t align);

/* Gives back everything taken since @mark, a value of qtest_alloc_mark(). */
uint64_t qtest_alloc_mark(Qtest *q);
void qtest_alloc_release(Qtest *q, uint64_t mark);

/*
 * Lets bottom halves run, and those that they schedule in turn.  A register
 * access is answered in one turn of QEMU's main loop and the next access is
 * read in another, so a few round trips are as many turns.
 */
void qtest_settle(Qtest *q);

/*
 * Polls @cond(opaque) until it holds or @timeout_ms has passed, giving QEMU's
 * main loop time to run bottom halves and timers.  Returns what it last was.
 */
bool qtest_wait(Qtest *q, bool (*cond)(void *opaque), void *opaque,
                unsigned timeout_ms);

#endif
