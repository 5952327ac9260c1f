/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of the emulated ConnectX: the monitor of the QEMU that runs this very
 * machine is a character device in it, VFIO_MODEL_QMP, and the PF's object in
 * that QEMU is VFIO_MODEL_PF (pf0). A real card has no such thing.
 */
#ifndef SELFTEST_MODEL_FAULT_H
#define SELFTEST_MODEL_FAULT_H

#include <linux/types.h>
#include <stdbool.h>

/* NULL, or why faults cannot be made here. */
const char *model_fault_open(void);
void model_fault_close(void);

/* The @nth command with this name from now on fails; 0: each one. */
void model_fail(const char *command, unsigned int nth, unsigned int status);
/* Each command with this name takes so long, or the next one. */
void model_delay(const char *command, unsigned int ms);
void model_delay_once(const char *command, unsigned int ms);
/* What drivers have done wrong to the card so far. */
unsigned long long model_guest_errors(void);
/*
 * What cards are known to do that make life hard for a driver which saves a function that
 * runs: @knob is "x-track-fails" and its like, see the model's document.
 */
void model_behave(const char *knob, bool on);
/* The number that the model gives a VF: how far behind its PF it is */
unsigned int model_function_of(const char *bdf);
/* Function @function writes 8 bytes @count times, at random within @bytes from @iova on. */
void model_dma_write(unsigned int function, unsigned long long iova, unsigned long long bytes,
		     unsigned int count, unsigned int seed);
/* What saves have in a field that means nothing for them. */
void model_save_next(unsigned int bytes);
/*
 * A PCIe error of the port above the PF, VFIO_MODEL_PORT (rp0): uncorrectable
 * but not fatal, so that the kernel resets and restarts everything below it.
 */
void model_pcie_error(void);
/*
 * The firmware dies, for good: of the whole card, which its PF's driver has to reset,
 * if it is asked to, or somebody else. VFs that are open lose what they hold.
 */
void model_firmware_dies(bool asks_for_reset);
/* No failing and no slow command from now on, nor anything that model_behave() switched on. */
void model_no_faults(void);

/*
 * What the firmware can do and how it behaves, by the names of the model's properties
 * ("chunks", "x-track-fails"): VFIO_MODEL_FIRMWARE lists what is on for the whole program,
 * as the PF's driver and ours looked at it before. Without it, that of a model as it starts.
 */
bool model_firmware_has(const char *property);
/* Each full image of a function is larger by so much. */
void model_pad_images(__u64 bytes);

#endif /* SELFTEST_MODEL_FAULT_H */
