/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_COMMANDS_H
#define VFIOCTL_COMMANDS_H

/* How vfioctl and vfio-flavour end; see vfioctl(8). */
#define STATUS_DONE	0
#define STATUS_FAILED	1
#define STATUS_USAGE	2

/**
 * command_list() - show what can be given to VFIO, and what has it
 * @argc: of the command's own words, the first is its name
 * @argv: these words
 *
 * Return: the status of the program. The same holds for all of these.
 */
int command_list(int argc, char **argv);

/**
 * command_why() - tell what stands against a migration
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when something does.
 */
int command_why(int argc, char **argv);

/**
 * command_who() - tell who has devices open
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_DONE also when nobody has.
 */
int command_who(int argc, char **argv);

/**
 * command_attach() - give devices to VFIO, all or none
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when all is as it was.
 */
int command_attach(int argc, char **argv);

/**
 * command_detach() - give devices back to their drivers, all or none
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when all is as it was.
 */
int command_detach(int argc, char **argv);

/**
 * command_enable() - let VFs migrate and give them to VFIO, all or none
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when all is as it was.
 */
int command_enable(int argc, char **argv);

/**
 * command_persist() - have devices given to VFIO whenever they appear
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when the choices are as they were.
 */
int command_persist(int argc, char **argv);

/**
 * command_heal() - bring devices that were left without a driver to where they belong
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when one could not be helped.
 */
int command_heal(int argc, char **argv);

/**
 * command_report() - print what matters of a device and its host for a migration
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when nothing was printed.
 */
int command_report(int argc, char **argv);

/**
 * command_compat() - compare the reports of two hosts
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when a migration fails by something, or a report cannot be read.
 */
int command_compat(int argc, char **argv);

/**
 * command_plan() - print how long a guest would stand still
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when the migration would not end, or a report cannot be read.
 */
int command_plan(int argc, char **argv);

/**
 * command_watch() - show how a migration of a device goes on, until it ends
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_DONE when it is complete.
 */
int command_watch(int argc, char **argv);

/**
 * command_save() - put the state of a device into a file
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when there is no file.
 */
int command_save(int argc, char **argv);

/**
 * command_load() - give a device the state of a file
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when it was not taken; the device can be used.
 */
int command_load(int argc, char **argv);

/**
 * command_selftest() - run the kernel's selftests on devices, for a report
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when a program failed, or nothing was run.
 */
int command_selftest(int argc, char **argv);

/**
 * command_qemu_args() - print QEMU's arguments for VFs that are to migrate
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when nothing was printed.
 */
int command_qemu_args(int argc, char **argv);

/**
 * command_libvirt_xml() - print libvirt's elements for VFs that are to migrate
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when nothing was printed.
 */
int command_libvirt_xml(int argc, char **argv);

/**
 * command_flavour() - what the program does under the name of vfio-flavour
 * @argc: as for command_list()
 * @argv: as for command_list()
 *
 * Return: STATUS_FAILED when all is as it was.
 */
int command_flavour(int argc, char **argv);

#endif
