/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_SESSION_H
#define VFIOCTL_SESSION_H

#include <stdbool.h>

struct device;
struct report;

/**
 * enum session_state - of a device, with the numbers of VFIO (enum vfio_device_mig_state)
 * @SESSION_ERROR: it takes a reset to leave this
 * @SESSION_STOP: it does nothing and nothing is done to it
 * @SESSION_RUNNING: as without a migration
 * @SESSION_STOP_COPY: stopped, its state is read
 * @SESSION_RESUMING: stopped, a state is written to it
 * @SESSION_RUNNING_P2P: it starts no DMA, and answers to that of others
 */
enum session_state {
	SESSION_ERROR,
	SESSION_STOP,
	SESSION_RUNNING,
	SESSION_STOP_COPY,
	SESSION_RESUMING,
	SESSION_RUNNING_P2P,
};

/**
 * struct session - a device that this program has opened, as a VMM would
 * @container: its file, without any memory in it, so that the device can do no DMA
 * @group: the file of its IOMMU group
 * @fd: its own file
 * @p2p: it knows RUNNING_P2P
 */
struct session {
	int container;
	int group;
	int fd;
	bool p2p;
};

/**
 * session_open() - open a device that has a VFIO driver and can migrate
 * @session: filled; session_close() ends it
 * @dev: the device; VFIO resets it when it is opened, and again when it is closed
 * @report: gets what is wrong, and what to do
 *
 * Return: 0, -EBUSY when somebody has it, -EOPNOTSUPP when it cannot migrate, or another negative
 * errno.
 */
int session_open(struct session *session, const struct device *dev, struct report *report);

/**
 * session_close() - close it
 * @session: what session_open() filled
 */
void session_close(struct session *session);

/**
 * session_go() - bring the device to a state
 * @session: the device
 * @state: where to; of those that are one step away
 *
 * Return: the file for the data of STOP_COPY or RESUMING, which the caller closes; 0 for other
 * states; or a negative errno.
 */
int session_go(const struct session *session, enum session_state state);

/**
 * session_state() - ask for the state
 * @session: the device
 *
 * Return: an enum session_state, or a negative errno.
 */
int session_state(const struct session *session);

/**
 * session_reset() - reset the device, after which it is RUNNING
 * @session: the device
 *
 * Return: 0 or a negative errno.
 */
int session_reset(const struct session *session);

/**
 * session_state_bytes() - how long the stream of its state would be, as the driver guesses
 * @session: the device
 *
 * Return: bytes, or a negative errno; -ENOTTY when the kernel does not tell, as before 6.2.
 */
long long session_state_bytes(const struct session *session);

/**
 * session_state_name() - a state in the words of VFIO
 * @state: which
 *
 * Return: its name.
 */
const char *session_state_name(enum session_state state);

#endif
