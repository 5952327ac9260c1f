// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operator sees of a migration: the numbers of the last one in sysfs, and the trace
 * events, against what the test itself has sent and measured.
 */
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "trace.h"

#define EVENTS		"vfio_pci_variant"
#define MLX5_EVENTS	"mlx5_vhca"
#define MAX_ROUNDS	20

FIXTURE(stats) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct vfio_image image;
	__u64 start;
};

FIXTURE_SETUP(stats)
{
	const char *skip = open_migratable(&self->src, 0);
	char role[32];

	if (!skip)
		skip = open_migratable(&self->dst, 1);
	if (skip)
		SKIP(return, "%s", skip);
	if (__vfio_attr_read(self->src.bdf, "migration/role", role, sizeof(role)))
		SKIP(return, "the driver of %s has no statistics", self->src.bdf);
	self->start = clock_ns();
}

FIXTURE_TEARDOWN(stats)
{
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static void read_word(const struct vfio_dev *dev, const char *file, char *word, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "migration/%s", file);
	VFIO_ASSERT(!__vfio_attr_read(dev->bdf, path, word, size), "read %s", path);
}

static unsigned long long number(const struct vfio_dev *dev, const char *file)
{
	unsigned long long value;
	char word[32], rest;

	read_word(dev, file, word, sizeof(word));
	VFIO_ASSERT(sscanf(word, "%llu%c", &value, &rest) == 1, "%s has '%s'", file, word);
	return value;
}

#define EXPECT_WORD(dev, file, word)						\
do {										\
	char got[32];								\
										\
	read_word(dev, file, got, sizeof(got));					\
	EXPECT_STREQ(word, got);						\
} while (0)

static unsigned long long saved_bytes(const struct vfio_dev *dev)
{
	return number(dev, "initial_bytes") + number(dev, "dirty_bytes") +
	       number(dev, "final_bytes");
}

static unsigned long long saved_images(const struct vfio_dev *dev)
{
	return number(dev, "initial_images") + number(dev, "dirty_images") +
	       number(dev, "final_images");
}

TEST_F(stats, tell_of_a_save_and_a_load)
{
	bool p2p = self->src.mig_flags & VFIO_MIGRATION_P2P;

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	EXPECT_WORD(&self->src, "role", "save");
	EXPECT_WORD(&self->src, "result", "complete");
	EXPECT_EQ(0, number(&self->src, "error"));
	EXPECT_EQ(1, number(&self->src, "passes"));
	EXPECT_EQ(0, number(&self->src, "initial_bytes"));
	EXPECT_EQ(0, number(&self->src, "dirty_bytes"));
	EXPECT_LT(0, number(&self->src, "final_bytes"));
	EXPECT_GT(self->image.size, number(&self->src, "final_bytes"));
	EXPECT_LE(number(&self->src, "final_bytes") / number(&self->src, "final_images"),
		  number(&self->src, "peak_memory_bytes"));
	EXPECT_LT(0, number(&self->src, "final_us"));
	EXPECT_LT(0, number(&self->src, "final_stream_us"));
	EXPECT_GE(us_since(self->start), number(&self->src, "final_us"));
	EXPECT_GE(us_since(self->start), number(&self->src, "stop_to_stop_copy_us") +
		  number(&self->src, "final_stream_us"));
	EXPECT_EQ(0, number(&self->src, p2p ? "running_to_stop_us" : "running_p2p_to_stop_us"));
	EXPECT_GE(number(&self->src, p2p ? "running_p2p_to_stop_us" : "running_to_stop_us"),
		  number(&self->src, "freeze_responder_us"));
	EXPECT_GE(number(&self->src, "running_to_running_p2p_us"),
		  number(&self->src, "freeze_initiator_us"));

	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_WORD(&self->dst, "role", "load");
	EXPECT_WORD(&self->dst, "result", "complete");
	EXPECT_EQ(number(&self->src, "final_bytes"), number(&self->dst, "loaded_bytes"));
	EXPECT_EQ(number(&self->src, "final_images"), number(&self->dst, "loaded_images"));
	EXPECT_LT(0, number(&self->dst, "loaded_last_us"));
	EXPECT_GE(number(&self->dst, "loaded_us"), number(&self->dst, "loaded_last_us"));
	EXPECT_GE(number(&self->dst, p2p ? "stop_to_running_p2p_us" : "stop_to_running_us"),
		  number(&self->dst, "unfreeze_responder_us"));
	EXPECT_GE(us_since(self->start), number(&self->dst, "loaded_us"));
	EXPECT_EQ(0, number(&self->dst, "final_bytes"));
}

TEST_F(stats, tell_the_passes_of_a_device_that_runs)
{
	int fd;

	if (!(self->src.mig_flags & VFIO_MIGRATION_PRE_COPY))
		SKIP(return, "%s has no PRE_COPY", self->src.bdf);
	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	EXPECT_WORD(&self->src, "result", "active");
	ASSERT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
	EXPECT_LT(0, number(&self->src, "initial_bytes"));
	EXPECT_LT(0, number(&self->src, "initial_us"));
	EXPECT_EQ(0, number(&self->src, "final_images"));
	EXPECT_LT(0, number(&self->src, "running_to_pre_copy_us"));

	ASSERT_EQ(-1, vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(0, number(&self->src, "final_stream_us"));
	vfio_image_read(fd, &self->image);
	EXPECT_LT(0, number(&self->src, "final_stream_us"));
	close(fd);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	EXPECT_WORD(&self->src, "result", "complete");
	EXPECT_LE(2, number(&self->src, "passes"));
	EXPECT_LE(number(&self->src, "initial_bytes") / number(&self->src, "initial_images"),
		  number(&self->src, "peak_memory_bytes"));

	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(saved_bytes(&self->src), number(&self->dst, "loaded_bytes"));
	EXPECT_LE(number(&self->dst, "loaded_images"), saved_images(&self->src));
}

TEST_F(stats, stay_when_a_guest_is_paused)
{
	unsigned long long bytes;

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_RUNNING);
	bytes = number(&self->src, "final_bytes");
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_WORD(&self->src, "role", "save");
	EXPECT_EQ(bytes, number(&self->src, "final_bytes"));
}

TEST_F(stats, tell_what_was_called_off)
{
	int fd;

	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_WORD(&self->src, "role", "save");
	EXPECT_WORD(&self->src, "result", "cancelled");
	EXPECT_EQ(0, number(&self->src, "error"));
	close(fd);

	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RESUMING);
	vfio_dev_reset(&self->src);
	/* The one who asks for the next state finds the reset carried out */
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_WORD(&self->src, "role", "load");
	EXPECT_WORD(&self->src, "result", "cancelled");
	EXPECT_EQ(ENODEV, number(&self->src, "error"));
	close(fd);
}

TEST_F(stats, tell_what_has_failed)
{
	unsigned char garbage[64];
	int fd, ret;

	memset(garbage, 0xff, sizeof(garbage));
	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RESUMING);
	ret = __vfio_image_write(fd, garbage, sizeof(garbage), sizeof(garbage));
	EXPECT_GT(0, ret);
	vfio_dev_reset(&self->src);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_WORD(&self->src, "result", "failed");
	EXPECT_EQ(-ret, number(&self->src, "error"));
	EXPECT_EQ(0, number(&self->src, "loaded_images"));
	close(fd);
}

TEST_F(stats, come_and_go_with_the_driver)
{
	char driver[64], word[32];

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_RUNNING);
	vfio_driver_of(self->src.bdf, driver, sizeof(driver));
	vfio_dev_close(&self->src);
	EXPECT_WORD(&self->src, "role", "save");
	ASSERT_EQ(0, __vfio_driver_unbind(self->src.bdf, driver));
	EXPECT_EQ(-ENOENT, __vfio_attr_read(self->src.bdf, "migration/role", word,
					    sizeof(word)));
	ASSERT_EQ(0, __vfio_driver_bind(self->src.bdf, driver));
	EXPECT_WORD(&self->src, "role", "none");
	EXPECT_WORD(&self->src, "result", "none");
	EXPECT_EQ(0, number(&self->src, "final_bytes"));
}

FIXTURE(trace) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct vfio_image image;
	char *text;
	bool mlx5;
};

FIXTURE_SETUP(trace)
{
	const char *skip = open_migratable(&self->src, 0);
	char driver[64];

	self->text = NULL;
	if (!skip)
		skip = open_migratable(&self->dst, 1);
	if (skip)
		SKIP(return, "%s", skip);
	if (!vfio_trace_exists(EVENTS))
		SKIP(return, "no trace events: is tracefs mounted, and the driver ours?");
	vfio_driver_of(self->src.bdf, driver, sizeof(driver));
	self->mlx5 = !strcmp(driver, "mlx5_vfio_pci");
	vfio_trace_start(EVENTS);
	if (self->mlx5)
		vfio_trace_start(MLX5_EVENTS);
}

FIXTURE_TEARDOWN(trace)
{
	vfio_trace_stop(EVENTS);
	if (self->mlx5)
		vfio_trace_stop(MLX5_EVENTS);
	free(self->text);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

/* What follows @event of device @dev and @words in the first line behind @from that has it */
static const char *find(const char *from, const char *event, const struct vfio_dev *dev,
			const char *words)
{
	char what[128];
	const char *at;

	snprintf(what, sizeof(what), "%s: %s %s", event, dev->bdf, words);
	at = strstr(from, what);
	VFIO_ASSERT(at, "no line with '%s' in time in the trace", what);
	return at + strlen(what);
}

/* The number behind the first @name from @from on */
static unsigned long long value(const char *from, const char *name)
{
	const char *at = strstr(from, name);

	VFIO_ASSERT(at, "no '%s' in the trace", name);
	return strtoull(at + strlen(name), NULL, 10);
}

TEST_F(trace, has_the_parts_of_a_save)
{
	unsigned long long bytes;
	const char *at;

	if (!(self->src.mig_flags & VFIO_MIGRATION_P2P))
		SKIP(return, "%s has other arcs", self->src.bdf);
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_RUNNING);
	self->text = vfio_trace_read();

	at = find(self->text, "vpv_turn", &self->src, "freeze initiator error=0");
	at = find(at, "vpv_arc", &self->src, "RUNNING -> RUNNING_P2P error=0");
	at = find(at, "vpv_turn", &self->src, "freeze responder error=0");
	at = find(at, "vpv_arc", &self->src, "RUNNING_P2P -> STOP error=0");
	at = find(at, "vpv_buf_grow", &self->src, "bytes=");
	EXPECT_EQ(strtoull(at, NULL, 10), value(at, "memory_bytes="));
	at = find(at, "vpv_pass", &self->src, "final first_bytes=");
	find(at, "vpv_arc", &self->src, "STOP -> STOP_COPY error=0");
	at = find(at, "vpv_image", &self->src, "final bytes=");
	bytes = strtoull(at, NULL, 10);
	EXPECT_LT(0, bytes);
	EXPECT_GT(self->image.size, bytes);
	EXPECT_EQ(0, value(at, "error="));
	EXPECT_LT(0, value(at, "ns="));
	EXPECT_EQ(1, value(at, "depth="));
	find(at, "vpv_transfer", &self->src, "read wanted_bytes=");
	at = find(at, "vpv_buf_drop", &self->src, "bytes=");
	at = find(at, "vpv_arc", &self->src, "STOP_COPY -> STOP error=0");
	at = find(at, "vpv_turn", &self->src, "unfreeze responder error=0");
	at = find(at, "vpv_turn", &self->src, "unfreeze initiator error=0");
	find(at, "vpv_arc", &self->src, "RUNNING_P2P -> RUNNING error=0");

	if (!self->mlx5)
		return;
	at = strstr(find(self->text, "mlx5_vhca_cmd", &self->src, "vhca_id="), "SUSPEND");
	ASSERT_NE(NULL, at);
	at = strstr(at, "SUSPEND side=initiator flags=- bytes=0 err=0 status=0x0");
	ASSERT_NE(NULL, at);
	at = strstr(at, "SUSPEND side=responder flags=- bytes=0 err=0 status=0x0");
	ASSERT_NE(NULL, at);
	at = strstr(at, "QUERY side=- flags=");
	ASSERT_NE(NULL, at);
	at = strstr(at, "SAVE side=- flags=");
	ASSERT_NE(NULL, at);
	EXPECT_EQ(bytes, value(at, " bytes="));
	EXPECT_NE(NULL, strstr(at, "RESUME side=responder"));
}

TEST_F(trace, has_the_parts_of_a_load)
{
	const char *at;

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_RUNNING);
	self->text = vfio_trace_read();

	at = find(self->text, "vpv_arc", &self->dst, "STOP -> RESUMING error=0");
	find(at, "vpv_transfer", &self->dst, "write wanted_bytes=");
	at = find(at, "vpv_image", &self->dst, "loaded bytes=");
	EXPECT_LT(0, strtoull(at, NULL, 10));
	if (self->mlx5) {
		const char *load = strstr(self->text, "LOAD side=- flags=-");

		ASSERT_NE(NULL, load);
		EXPECT_EQ(strtoull(at, NULL, 10), value(load, " bytes="));
	}
	at = find(at, "vpv_arc", &self->dst, "RESUMING -> STOP error=0");
	find(at, "vpv_turn", &self->dst, "unfreeze ");
}

TEST_F(trace, has_the_arc_that_fails)
{
	const char *at;
	int fd, none;

	fd = vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RESUMING);
	ASSERT_EQ(0, __vfio_image_write(fd, "x", 1, 1));
	EXPECT_EQ(-EINVAL, __vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_STOP, &none));
	close(fd);
	vfio_dev_reset(&self->dst);
	self->text = vfio_trace_read();
	at = find(self->text, "vpv_arc", &self->dst, "RESUMING -> STOP error=");
	EXPECT_EQ(-EINVAL, strtol(at, NULL, 10));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
