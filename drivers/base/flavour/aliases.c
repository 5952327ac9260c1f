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

#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "flavour.h"

/* Debian's have 1.4 MB; a file that is much larger is none of depmod's */
#define ALIASES_MAX_BYTES	SZ_16M

/* In the root of the first process, where modprobe looks as well, whatever the writer's root is */
static struct file *open_aliases(void)
{
	struct file *file;
	struct path root;
	char *path;

	path = kasprintf(GFP_KERNEL, "/lib/modules/%s/modules.alias", init_uts_ns.name.release);
	if (!path)
		return ERR_PTR(-ENOMEM);
	get_fs_root(userspace_init_fs, &root);
	file = file_open_root(&root, path, O_RDONLY, 0);
	path_put(&root);
	kfree(path);
	return file;
}

static int read_all(struct file *file, struct flavour_aliases *aliases)
{
	loff_t size = i_size_read(file_inode(file)), pos = 0;
	ssize_t ret;

	if (!S_ISREG(file_inode(file)->i_mode) || size <= 0 || size > ALIASES_MAX_BYTES)
		return -ENOENT;
	aliases->text = vmalloc(size);
	if (!aliases->text)
		return -ENOMEM;
	do {
		ret = kernel_read(file, aliases->text + pos, size - pos, &pos);
	} while (ret > 0 && pos < size);
	if (ret < 0) {
		vfree(aliases->text);
		return ret;
	}
	aliases->len = pos;
	return 0;
}

/*
 * The whole text, to be freed with flavour_aliases_free(). This is no kernel_read_file(), whose
 * kinds of files (modules, firmware, policy...) security modules have rules for: lines here only
 * propose names, and what modprobe then loads passes the rules for modules.
 *
 * Return: 0, -ENOMEM or -EINTR; -ENOENT if the text cannot be had for any other reason.
 */
int flavour_aliases_read(struct flavour_aliases *aliases)
{
	struct file *file = open_aliases();
	int ret;

	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
	} else {
		ret = read_all(file, aliases);
		filp_close(file, NULL);
	}
	return !ret || ret == -ENOMEM || ret == -EINTR ? ret : -ENOENT;
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
	/* modprobe ends with a status that says nothing; a kernel that refuses names no module */
	pr_err("module %s, or one that it needs, could not be loaded: modprobe %s tells more%s\n",
	       module, module,
	       is_module_sig_enforced() ? " (unsigned modules are refused: module.sig_enforce)" :
	       "");
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
