// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/statefile.c and transfer.c: files that are damaged in every way, and a device
 * that is made here and keeps to the arcs of VFIO.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report.h"
#include "session.h"
#include "statefile.h"
#include "transfer.h"

#define NAME		"/state"
#define STREAM_BYTES	100000
#define HEAD_BYTES	64

static char top[64];
static char path[128];
static unsigned char stream[STREAM_BYTES];

static const struct statefile_device kind = {
	.vendor = 0x15b3, .device = 0x101e, .subsystem_vendor = 0x15b3,
	.subsystem_device = 0x58, .driver = "mlx5_vfio_pci",
};

/* The device: where it is, which step fails, what it has read, and the way that it went. */
static struct {
	enum session_state state;
	int fail_to;
	bool refuses;
	int resets;
	char data[128];
	char way[256];
	FILE *in;
} fake;

static bool is_arc(enum session_state from, enum session_state to)
{
	static const enum session_state arcs[][2] = {
		{ SESSION_RUNNING, SESSION_RUNNING_P2P }, { SESSION_RUNNING_P2P, SESSION_RUNNING },
		{ SESSION_RUNNING, SESSION_STOP }, { SESSION_STOP, SESSION_RUNNING },
		{ SESSION_RUNNING_P2P, SESSION_STOP }, { SESSION_STOP, SESSION_RUNNING_P2P },
		{ SESSION_STOP, SESSION_STOP_COPY }, { SESSION_STOP_COPY, SESSION_STOP },
		{ SESSION_STOP, SESSION_RESUMING }, { SESSION_RESUMING, SESSION_STOP },
		{ SESSION_STOP, SESSION_STOP },
	};
	size_t i;

	for (i = 0; i < sizeof(arcs) / sizeof(*arcs); i++) {
		if (arcs[i][0] == from && arcs[i][1] == to)
			return true;
	}
	return false;
}

int session_go(const struct session *session, enum session_state state)
{
	size_t len = strlen(fake.way);
	int fd;

	if (!is_arc(fake.state, state))
		fail_msg("%s to %s is no step", session_state_name(fake.state),
			 session_state_name(state));
	if (fake.fail_to == (int)state)
		return -EIO;
	if (fake.state == SESSION_RESUMING && fake.refuses)
		return -EINVAL;
	fake.state = state;
	snprintf(fake.way + len, sizeof(fake.way) - len, " %s", session_state_name(state));
	if (state != SESSION_STOP_COPY && state != SESSION_RESUMING)
		return 0;
	fd = open(fake.data, state == SESSION_STOP_COPY ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC,
		  0600);
	assert_true(fd >= 0);
	return fd;
}

int session_state(const struct session *session)
{
	return fake.state;
}

int session_reset(const struct session *session)
{
	fake.state = SESSION_RUNNING;
	fake.resets++;
	return 0;
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = { "ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING",
					     "RUNNING_P2P" };

	return names[state];
}

static void put(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static size_t get(const char *name, unsigned char *data, size_t max)
{
	FILE *file = fopen(name, "r");
	size_t len;

	assert_non_null(file);
	len = fread(data, 1, max, file);
	fclose(file);
	return len;
}

static int set_up(void **state)
{
	size_t i;

	snprintf(top, sizeof(top), "/tmp/vfio_state_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s" NAME, top);
	memset(&fake, 0, sizeof(fake));
	fake.state = SESSION_RUNNING;
	fake.fail_to = -1;
	snprintf(fake.data, sizeof(fake.data), "%s/data", top);
	for (i = 0; i < sizeof(stream); i++)
		stream[i] = i * 7 + (i >> 8);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	unlink(fake.data);
	return rmdir(top);
}

static void make_file(void)
{
	struct statefile file;

	assert_int_equal(statefile_create(&file, path, &kind), 0);
	/* The pieces matter to nobody. */
	assert_int_equal(statefile_append(&file, stream, 1), 0);
	assert_int_equal(statefile_append(&file, stream + 1, sizeof(stream) - 1), 0);
	assert_int_equal(statefile_finish(&file), 0);
}

static void what_was_written_is_read(void **state)
{
	static unsigned char again[STREAM_BYTES + 1];
	struct statefile file;

	make_file();
	assert_int_equal(statefile_open(&file, path), STATEFILE_GOOD);
	assert_int_equal(file.stream_bytes, sizeof(stream));
	assert_memory_equal(&file.device, &kind, sizeof(kind));
	assert_int_equal(read(file.fd, again, sizeof(again)), sizeof(stream));
	assert_memory_equal(again, stream, sizeof(stream));
	close(file.fd);
}

/* By the CRC that others compute of the same, so that files of today can be read later. */
static void the_format_is_what_it_says(void **state)
{
	unsigned char head[HEAD_BYTES];
	struct statefile file;

	assert_int_equal(statefile_create(&file, path, &kind), 0);
	assert_int_equal(statefile_append(&file, "123456789", 9), 0);
	assert_int_equal(statefile_finish(&file), 0);
	assert_int_equal(get(path, head, sizeof(head)), sizeof(head));
	assert_memory_equal(head, "VFIOSTAT\1\0\0\0\x26\x39\xf4\xcb\x09\0\0\0\0\0\0\0", 24);
	assert_memory_equal(head + 24, "\xb3\x15\x1e\x10\xb3\x15\x58\0mlx5_vfio_pci\0", 22);
}

static void a_file_that_is_there_is_kept(void **state)
{
	struct statefile file;

	put(path, "mine", 4);
	assert_int_equal(statefile_create(&file, path, &kind), -EEXIST);
	assert_int_equal(get(path, stream, sizeof(stream)), 4);
}

static void one_that_was_not_finished(void **state)
{
	struct statefile file, again;

	assert_int_equal(statefile_create(&file, path, &kind), 0);
	assert_int_equal(statefile_append(&file, stream, sizeof(stream)), 0);
	assert_int_equal(statefile_open(&again, path), STATEFILE_UNFINISHED);
	statefile_drop(&file, path);
	assert_int_equal(access(path, F_OK), -1);
}

static enum statefile_fault fault_of(const void *data, size_t size)
{
	struct statefile file;
	enum statefile_fault fault;

	put(path, data, size);
	fault = statefile_open(&file, path);
	assert_int_equal(file.fd >= 0, fault == STATEFILE_GOOD);
	if (!fault)
		close(file.fd);
	return fault;
}

static void damage_is_seen_wherever_it_is(void **state)
{
	static unsigned char whole[HEAD_BYTES + STREAM_BYTES + 1];
	size_t size, i;

	make_file();
	size = get(path, whole, sizeof(whole));
	assert_int_equal(size, HEAD_BYTES + STREAM_BYTES);
	for (i = 0; i < size; i += i < HEAD_BYTES ? 1 : 9973) {
		whole[i] ^= 0x10;
		assert_int_equal(fault_of(whole, size), i < 8 ? STATEFILE_OTHER :
				 i < HEAD_BYTES ? STATEFILE_HEAD : STATEFILE_STREAM);
		whole[i] ^= 0x10;
	}
	assert_int_equal(fault_of(whole, size), STATEFILE_GOOD);
	assert_int_equal(fault_of(whole, size - 1), STATEFILE_SHORT);
	assert_int_equal(fault_of(whole, size + 1), STATEFILE_SHORT);
	assert_int_equal(fault_of(whole, HEAD_BYTES), STATEFILE_SHORT);
	assert_int_equal(fault_of(whole, HEAD_BYTES - 1), STATEFILE_HEAD);
	assert_int_equal(fault_of(whole, 7), STATEFILE_OTHER);
	assert_int_equal(fault_of(whole, 0), STATEFILE_OTHER);
	assert_int_equal(unlink(path), 0);
}

static void one_that_is_not_there(void **state)
{
	struct statefile file;

	assert_int_equal(statefile_open(&file, path), STATEFILE_ERRNO);
	assert_int_equal(errno, ENOENT);
}

static int save(bool p2p, struct transfer *transfer, struct report *report)
{
	const struct session session = { .p2p = p2p };
	struct statefile file;
	int ret;

	put(fake.data, stream, sizeof(stream));
	assert_int_equal(statefile_create(&file, path, &kind), 0);
	ret = transfer_save(&session, &file, transfer, report);
	if (ret)
		statefile_drop(&file, path);
	else
		assert_int_equal(statefile_finish(&file), 0);
	return ret;
}

static void a_save_goes_by_p2p_and_back(void **state)
{
	struct report report = { };
	struct transfer transfer;
	struct statefile file;

	assert_int_equal(save(true, &transfer, &report), 0);
	assert_string_equal(fake.way, " RUNNING_P2P STOP STOP_COPY STOP RUNNING_P2P RUNNING");
	assert_int_equal(transfer.bytes, sizeof(stream));
	assert_int_equal(statefile_open(&file, path), STATEFILE_GOOD);
	assert_int_equal(file.stream_bytes, sizeof(stream));
	close(file.fd);
	assert_int_equal(fake.resets, 0);
}

static void without_p2p_the_way_is_shorter(void **state)
{
	struct report report = { };
	struct transfer transfer;

	assert_int_equal(save(false, &transfer, &report), 0);
	assert_string_equal(fake.way, " STOP STOP_COPY STOP RUNNING");
}

static void each_step_of_a_save_can_fail(void **state)
{
	static const enum session_state steps[] = { SESSION_RUNNING_P2P, SESSION_STOP,
						    SESSION_STOP_COPY, SESSION_RUNNING };
	struct transfer transfer;
	struct report report;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		fake.fail_to = steps[i];
		fake.resets = 0;
		memset(&report, 0, sizeof(report));
		assert_int_equal(save(true, &transfer, &report), -EIO);
		assert_non_null(strstr(report.error, session_state_name(steps[i])));
		assert_int_equal(fake.resets, 1);
		assert_int_equal(fake.state, SESSION_RUNNING);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static int load(struct transfer *transfer, struct report *report)
{
	const struct session session = { .p2p = true };
	struct statefile file;
	int ret;

	make_file();
	assert_int_equal(statefile_open(&file, path), STATEFILE_GOOD);
	ret = transfer_load(&session, &file, transfer, report);
	close(file.fd);
	return ret;
}

static void a_load_gives_all_of_it(void **state)
{
	static unsigned char again[STREAM_BYTES + 1];
	struct report report = { };
	struct transfer transfer;

	assert_int_equal(load(&transfer, &report), 0);
	assert_string_equal(fake.way, " RUNNING_P2P STOP RESUMING STOP RUNNING_P2P RUNNING");
	assert_int_equal(transfer.bytes, sizeof(stream));
	assert_int_equal(get(fake.data, again, sizeof(again)), sizeof(stream));
	assert_memory_equal(again, stream, sizeof(stream));
	assert_int_equal(fake.resets, 0);
}

static void a_state_that_is_refused_leaves_a_device(void **state)
{
	struct report report = { };
	struct transfer transfer;

	fake.refuses = true;
	assert_int_equal(load(&transfer, &report), -EINVAL);
	assert_string_equal(report.error, "it does not go to STOP: Invalid argument");
	assert_string_equal(report.notes[0], "it was reset, and can be used");
	assert_int_equal(fake.state, SESSION_RUNNING);
	assert_int_equal(fake.resets, 1);
}

static void a_file_that_shrinks_meanwhile(void **state)
{
	const struct session session = { };
	struct report report = { };
	struct transfer transfer;
	struct statefile file;

	make_file();
	assert_int_equal(statefile_open(&file, path), STATEFILE_GOOD);
	assert_int_equal(truncate(path, HEAD_BYTES + 10), 0);
	assert_int_equal(transfer_load(&session, &file, &transfer, &report), -EIO);
	assert_string_equal(report.error, "the file has changed meanwhile");
	assert_int_equal(fake.state, SESSION_RUNNING);
	close(file.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(the_format_is_what_it_says),
		TEST(a_file_that_is_there_is_kept),
		TEST(one_that_was_not_finished),
		TEST(damage_is_seen_wherever_it_is),
		TEST(one_that_is_not_there),
		TEST(a_save_goes_by_p2p_and_back),
		TEST(without_p2p_the_way_is_shorter),
		TEST(each_step_of_a_save_can_fail),
		TEST(a_load_gives_all_of_it),
		TEST(a_state_that_is_refused_leaves_a_device),
		TEST(a_file_that_shrinks_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
