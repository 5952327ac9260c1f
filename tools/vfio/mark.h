/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_MARK_H
#define VFIO_FLAVOUR_MARK_H

#include <stdbool.h>

#include "device.h"

/**
 * struct override - driver_override, and whose it is
 * @text: what it says; empty for nothing
 * @ours: a run of this program has written @text
 * @by_hand: what somebody else wants it to say: @text, or what stood there before ours
 * @marked: there is a mark, so a run has begun and gone, or has given the device to VFIO
 * @begun: this run has left its mark
 */
struct override {
	char text[DEVICE_NAME_SIZE];
	bool ours;
	char by_hand[DEVICE_NAME_SIZE];
	bool marked;
	bool begun;
};

/**
 * mark_look() - read driver_override, and tell whose it is
 * @dev: the device
 * @override: filled
 * @seconds: how long to wait for the device's lock
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int mark_look(const struct device *dev, struct override *override, int seconds);

/**
 * mark_begin() - leave a mark before the first change of the device
 * @dev: the device
 * @override: what mark_look() filled; begun by this
 *
 * Return: 0 or a negative errno.
 */
int mark_begin(const struct device *dev, struct override *override);

/**
 * mark_override() - write driver_override, marked as ours before that
 * @dev: the device
 * @override: of the device; follows the change
 * @driver: what to write; empty for nothing
 *
 * Return: 0 or a negative errno.
 */
int mark_override(const struct device *dev, struct override *override, const char *driver);

/**
 * mark_end() - the run is over; a mark stays only where driver_override is ours
 * @dev: the device
 * @override: of the device
 */
void mark_end(const struct device *dev, struct override *override);

/**
 * mark_rule_done() - has a rule of udev been followed since the device appeared?
 * @dev: the device
 *
 * Return: whether it has.
 */
bool mark_rule_done(const struct device *dev);

/**
 * mark_rule() - remember that a rule has been followed, for as long as the device is there
 * @dev: the device
 *
 * Return: 0 or a negative errno.
 */
int mark_rule(const struct device *dev);

#endif
