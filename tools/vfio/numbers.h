/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_NUMBERS_H
#define VFIOCTL_NUMBERS_H

#define NUMBERS_WORD_SIZE	16

/**
 * struct numbers_part - of a stream
 * @images: how many, or pieces of one
 * @bytes: that the device gave or took
 * @us: in which it did so, microseconds
 */
struct numbers_part {
	long long images;
	long long bytes;
	long long us;
};

/**
 * enum numbers_result - how the last migration went
 * @NUMBERS_NONE: there was none
 * @NUMBERS_ACTIVE: it goes on
 * @NUMBERS_COMPLETE: it went well
 * @NUMBERS_CANCELLED: it was called off
 * @NUMBERS_FAILED: it failed
 */
enum numbers_result {
	NUMBERS_NONE,
	NUMBERS_ACTIVE,
	NUMBERS_COMPLETE,
	NUMBERS_CANCELLED,
	NUMBERS_FAILED,
};

/**
 * enum numbers_arc - those that tell where a device is
 */
enum numbers_arc {
	ARC_RUNNING_TO_PRE_COPY,
	ARC_PRE_COPY_TO_PRE_COPY_P2P,
	ARC_RUNNING_P2P_TO_PRE_COPY_P2P,
	ARC_PRE_COPY_TO_STOP_COPY,
	ARC_PRE_COPY_P2P_TO_STOP_COPY,
	ARC_STOP_TO_STOP_COPY,
	ARC_STOP_COPY_TO_STOP,
	ARC_STOP_TO_RESUMING,
	ARC_RESUMING_TO_STOP,
	NR_ARCS,
};

/**
 * struct numbers - of a device's last migration, as the driver has them
 * @role: "save", "load" or "none"
 * @result: how it went
 * @error: the first errno, 0 for none
 * @passes: of a save that began
 * @initial: of a save while the device runs: what is read once
 * @dirty: and what had changed since
 * @final: of a save of a stopped device
 * @loaded: of a load
 * @freeze_us: stopping it
 * @unfreeze_us: letting it go again
 * @loaded_last_us: of a load, the last image
 * @arcs_us: times in arcs
 */
struct numbers {
	char role[NUMBERS_WORD_SIZE];
	enum numbers_result result;
	long long error;
	long long passes;
	struct numbers_part initial;
	struct numbers_part dirty;
	struct numbers_part final;
	struct numbers_part loaded;
	long long freeze_us;
	long long unfreeze_us;
	long long loaded_last_us;
	long long arcs_us[NR_ARCS];
};

/**
 * numbers_read() - read them
 * @bdf: full address of a device
 * @numbers: filled
 *
 * Return: 0, or -ENOENT when its driver has none: it cannot migrate, or is another one.
 */
int numbers_read(const char *bdf, struct numbers *numbers);

/**
 * numbers_result_word() - how a migration went, as the driver says it
 * @result: how
 *
 * Return: the word.
 */
const char *numbers_result_word(enum numbers_result result);

#endif
