// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many sessions of every end that there is: a save read to its end, one that is
 * called off, a load that is finished, one that a reset ends. The host has as much
 * memory afterwards as before.
 */
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "session.h"

/* Rounds of four sessions; the first fill the caches of the allocators. */
#define WARM_UP		5
#define ROUNDS		50

/*
 * What the rest of a quiet host may use meanwhile. An image kept in each round
 * is far above the first where images are of a mebibyte, a page kept in each
 * session about as much as the second.
 */
#define MEMORY_KIB	8192
#define SLAB_KIB	768

FIXTURE(growth) {
	struct vfio_dev dev;
	struct vfio_image image;
};

FIXTURE_SETUP(growth)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(growth)
{
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* A number of /proc/meminfo, in KiB */
static long memory_kib(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	size_t len = strlen(name);
	long value = -1;
	char line[128];

	VFIO_ASSERT(file, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = atol(line + len + 1);
	fclose(file);
	VFIO_ASSERT(value >= 0, "no %s", name);
	return value;
}

/* Such a kernel has accounts of its slabs in slabs, and knows better what is left behind. */
static bool has_kmemleak(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

static void play_round(FIXTURE_DATA(growth) * self)
{
	struct vfio_image again = {};
	int fd;

	fd = vfio_session_enter(&self->dev, VFIO_DEVICE_STATE_STOP_COPY,
				&self->image, NULL);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	fd = vfio_session_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING,
				&self->image, NULL);
	vfio_dev_reset(&self->dev);
	close(fd);
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
	vfio_image_free(&again);
	vfio_dev_reset(&self->dev);
}

TEST_F_TIMEOUT(growth, of_memory_is_none, 180)
{
	long available, slab;
	int i;

	for (i = 0; i < WARM_UP; i++)
		play_round(self);
	available = memory_kib("MemAvailable");
	slab = memory_kib("SUnreclaim");
	for (i = 0; i < ROUNDS; i++)
		play_round(self);
	available -= memory_kib("MemAvailable");
	slab = memory_kib("SUnreclaim") - slab;
	TH_LOG("%ld KiB less, slabs by %ld KiB more, images of %zu bytes",
	       available, slab, self->image.size);
	EXPECT_GE(MEMORY_KIB, available);
	if (has_kmemleak())
		TH_LOG("slabs are not judged: KASAN holds what was freed");
	else
		EXPECT_GE(SLAB_KIB, slab);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
