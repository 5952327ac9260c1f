/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_FLAVOUR_H
#define VFIO_FLAVOUR_FLAVOUR_H

#include <stdbool.h>

#include "move.h"

struct device;
struct kmod_ctx;
struct report;

/**
 * enum plan_step - what there is to do for a device
 * @PLAN_NOTHING: it has what was asked for
 * @PLAN_OVERRIDE: its driver is right, its driver_override is not
 * @PLAN_MOVE: it gets another driver
 */
enum plan_step {
	PLAN_NOTHING,
	PLAN_OVERRIDE,
	PLAN_MOVE,
};

/**
 * struct plan - what is to be done with one device
 * @kmod: libkmod's context
 * @dev: the device
 * @report: of the device
 * @vfio: it is to go to VFIO, not to its native driver
 * @step: what there is to do
 * @leaves_vfio: it has a VFIO driver that has to go, so nobody may use it
 * @interrupted: a run that was killed has left it without VFIO
 * @before: how it was
 * @override: its driver_override
 * @target: what driver_override is to say
 */
struct plan {
	struct kmod_ctx *kmod;
	const struct device *dev;
	struct report *report;
	bool vfio;
	enum plan_step step;
	bool leaves_vfio;
	bool interrupted;
	struct before before;
	struct override override;
	char target[DEVICE_NAME_SIZE];
};

/**
 * flavour_plan() - find out what there is to do, and whether it can be done
 * @plan: kmod, dev, report and vfio are set; the rest is filled, and the report
 *
 * Nothing of the device is changed, but modules are loaded. Who uses its VFIO device is not
 * looked at.
 *
 * Return: 0 or a negative errno.
 */
int flavour_plan(struct plan *plan);

/**
 * flavour_do() - do it
 * @plan: what flavour_plan() filled; the report follows
 *
 * When it fails the device is as it was.
 *
 * Return: 0 or a negative errno.
 */
int flavour_do(struct plan *plan);

/**
 * flavour_undo() - put back what flavour_do() has done
 * @plan: what was done
 */
void flavour_undo(struct plan *plan);

/**
 * flavour_heal() - give a device that was left by a killed run back to its native driver
 * @plan: one that did not come to its end; nothing is done unless it found such a device
 */
void flavour_heal(const struct plan *plan);

/**
 * flavour_explain_busy() - say by whom a device is in use
 * @dev: the device
 * @report: error and fix are filled in
 *
 * Return: whether that could be told.
 */
bool flavour_explain_busy(const struct device *dev, struct report *report);

/**
 * flavour_hold() - make sure that nobody has a VFIO device of the group open, and keep it so
 * @dev: a device with a VFIO driver
 * @report: error and fix are filled in
 *
 * Return: a file descriptor to close after the move, or a negative errno.
 */
int flavour_hold(const struct device *dev, struct report *report);

/**
 * flavour_show() - fill in what the device has
 * @dev: the device
 * @report: filled
 *
 * This waits for nobody.
 */
void flavour_show(const struct device *dev, struct report *report);

#endif
