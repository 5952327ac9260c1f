// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of modules.alias, and loading one module
 *
 * Exactly one VFIO module is to come for a device. Asking modprobe for the device's alias
 * cannot do that: modprobe loads every module of which a pattern matches, and whatever string
 * the pattern of a specific module matches, vfio-pci's "vfio_pci:v*d*sv*sd*bc*sc*i*" matches
 * too, as each fixed value of the one lies in a "*" of the other. Keeping vfio-pci out by
 * "blacklist" in modprobe.d would also stop "modprobe -b vfio-pci", which libvirt runs. And an
 * alias has 58 characters, of which request_module() takes 55.
 *
 * So we look up here what depmod wrote down, as libvirt does in user space, and ask for one
 * module by its name. The lines install, options and softdep of modprobe.d hold for it; its
 * lines blacklist and alias are about aliases and do not.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel_read_file.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "flavour.h"

/* Debian's have 1.4 MB; a file that is much larger is none of depmod's */
#define ALIASES_MAX_BYTES	SZ_16M

/*
 * The whole text, to be freed with flavour_aliases_free(). It is where modprobe looks, too: in
 * the root and by the name of the kernel of the first process, whatever the writer's are.
 *
 * Return: 0, -ENOMEM or -EINTR; -ENOENT if the text cannot be had for any other reason.
 */
int flavour_aliases_read(struct flavour_aliases *aliases)
{
	ssize_t ret;
	char *path;

	path = kasprintf(GFP_KERNEL, "/lib/modules/%s/modules.alias", init_uts_ns.name.release);
	if (!path)
		return -ENOMEM;
	aliases->text = NULL;
	ret = kernel_read_file_from_path_initns(path, 0, &aliases->text, ALIASES_MAX_BYTES, NULL,
						READING_UNKNOWN);
	kfree(path);
	if (ret < 0) {
		aliases->text = NULL;
		aliases->len = 0;
		return ret == -ENOMEM || ret == -EINTR ? ret : -ENOENT;
	}
	aliases->len = ret;
	return 0;
}

void flavour_aliases_free(struct flavour_aliases *aliases)
{
	vfree(aliases->text);
}

/* 0, -EINTR if the writer was killed, or -ENOEXEC whatever modprobe did not like */
int flavour_load_module(const char *module)
{
	int ret = request_module("%s", module);

	if (!ret)
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	pr_err("module %s could not be loaded (%d)\n", module, ret);
	return -ENOEXEC;
}

int flavour_load_alias(const char *alias)
{
	struct flavour_candidate candidate = { .module = "" };
	struct flavour_aliases aliases;
	int ret;

	ret = flavour_aliases_read(&aliases);
	if (ret == -ENOENT)
		return request_module("%s", alias) ? -ENOENT : 0;
	if (ret)
		return ret;
	ret = flavour_next_candidate(aliases.text, aliases.len, alias, &candidate);
	flavour_aliases_free(&aliases);
	return ret ?: flavour_load_module(candidate.module);
}
