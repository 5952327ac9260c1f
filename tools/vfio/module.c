// SPDX-License-Identifier: GPL-2.0-only
/* Kernel modules: which one matches, loading it, the driver that it brings. */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <libkmod.h>

#include "module.h"

#define PCI_DRIVER_PREFIX	"pci:"
#define VFIO_ALIAS_PREFIX	"vfio_pci:"

/* Both modules.alias and libkmod write names with underscores. */
static bool is_blacklisted(struct kmod_ctx *kmod, const char *name)
{
	struct kmod_config_iter *iter = kmod_config_get_blacklists(kmod);
	bool blacklisted = false;

	while (iter && !blacklisted && kmod_config_iter_next(iter))
		blacklisted = !strcmp(kmod_config_iter_get_key(iter), name);
	kmod_config_iter_free_iter(iter);
	return blacklisted;
}

int module_matches(struct kmod_ctx *kmod, const char *alias, bool heed_blacklist,
		   struct alias_match *matches, int max)
{
	char path[PATH_MAX];
	struct utsname uts;
	FILE *file;
	int i, nr, left = 0;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.alias", uts.release);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	nr = alias_find(file, alias, matches, max);
	fclose(file);
	for (i = 0; i < nr; i++) {
		if (!heed_blacklist || !is_blacklisted(kmod, matches[i].module))
			matches[left++] = matches[i];
	}
	return nr < 0 ? nr : left;
}

static bool is_loaded(struct kmod_module *module)
{
	int state = kmod_module_get_initstate(module);

	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/*
 * The first that is not in memory, of @module and what it needs, in the order of loading. Return: a
 * reference, NULL when all are.
 */
static struct kmod_module *first_missing(struct kmod_module *module)
{
	struct kmod_list *needs = kmod_module_get_dependencies(module), *item;
	struct kmod_module *need, *missing = NULL;

	kmod_list_foreach(item, needs) {
		need = kmod_module_get_module(item);
		missing = first_missing(need);
		kmod_module_unref(need);
		if (missing)
			break;
	}
	kmod_module_unref_list(needs);
	if (!missing && !is_loaded(module))
		missing = kmod_module_ref(module);
	return missing;
}

static void tell_missing(struct kmod_module *module, char name[ALIAS_MODULE_SIZE])
{
	struct kmod_module *missing = first_missing(module);

	snprintf(name, ALIAS_MODULE_SIZE, "%s", kmod_module_get_name(missing ? missing : module));
	kmod_module_unref(missing);
}

int module_load(struct kmod_ctx *kmod, const char *name, char culprit[ALIAS_MODULE_SIZE])
{
	struct kmod_module *module;
	int ret;

	snprintf(culprit, ALIAS_MODULE_SIZE, "%s", name);
	ret = kmod_module_new_from_name(kmod, name, &module);
	if (ret)
		return ret;
	ret = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
	if (ret)
		tell_missing(module, culprit);
	kmod_module_unref(module);
	return ret;
}

static bool file_has(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[64] = "";
	bool has;

	if (!file)
		return false;
	has = fgets(line, sizeof(line), file) && strstr(line, text);
	fclose(file);
	return has;
}

/* Must a module have a signature? A lockdown of either kind asks for one as well. */
static bool must_be_signed(void)
{
	return file_has("/sys/module/module/parameters/sig_enforce", "Y") ||
	       file_has("/sys/kernel/security/lockdown", "[integrity]") ||
	       file_has("/sys/kernel/security/lockdown", "[confidentiality]");
}

static bool is_signed(struct kmod_list *info)
{
	struct kmod_list *item;

	kmod_list_foreach(item, info) {
		if (!strcmp(kmod_module_info_get_key(item), "sig_id"))
			return true;
	}
	return false;
}

/* Whose signature it is, and all else that the kernel looks at, only the kernel can tell. */
static int check_file(struct kmod_module *module)
{
	struct kmod_list *info = NULL;
	int ret = 1;

	if (kmod_module_get_info(module, &info) < 0)
		return -ENOENT;
	if (must_be_signed() && !is_signed(info))
		ret = -EKEYREJECTED;
	kmod_module_info_free_list(info);
	return ret;
}

/* As first_missing(), but the first that cannot be loaded comes before one that may be. */
static int check_all(struct kmod_module *module, char culprit[ALIAS_MODULE_SIZE])
{
	struct kmod_list *needs = kmod_module_get_dependencies(module), *item;
	struct kmod_module *need;
	int ret = 0, err;

	kmod_list_foreach(item, needs) {
		need = kmod_module_get_module(item);
		err = check_all(need, culprit);
		kmod_module_unref(need);
		ret = err ? err : ret;
		if (ret < 0)
			break;
	}
	kmod_module_unref_list(needs);
	if (ret < 0 || is_loaded(module))
		return ret;
	snprintf(culprit, ALIAS_MODULE_SIZE, "%s", kmod_module_get_name(module));
	return check_file(module);
}

int module_check(struct kmod_ctx *kmod, const char *name, char culprit[ALIAS_MODULE_SIZE])
{
	struct kmod_module *module;
	int ret;

	snprintf(culprit, ALIAS_MODULE_SIZE, "%s", name);
	if (kmod_module_new_from_name(kmod, name, &module))
		return -ENOENT;
	ret = check_all(module, culprit);
	kmod_module_unref(module);
	return ret;
}

int module_load_alias(struct kmod_ctx *kmod, const char *alias)
{
	struct kmod_list *list = NULL, *item;
	struct kmod_module *module;
	int ret, err;

	ret = kmod_module_new_from_lookup(kmod, alias, &list);
	kmod_list_foreach(item, list) {
		module = kmod_module_get_module(item);
		err = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, NULL,
						      NULL, NULL, NULL);
		/* Positive: stopped by the blacklist, which is no failure. */
		if (err < 0)
			ret = err;
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return ret;
}

int module_is_vfio(struct kmod_ctx *kmod, const char *name)
{
	struct kmod_list *info = NULL, *item;
	struct kmod_module *module;
	int ret;

	if (kmod_module_new_from_name(kmod, name, &module))
		return -ENOENT;
	ret = kmod_module_get_info(module, &info);
	kmod_module_unref(module);
	if (ret < 0)
		return -ENOENT;
	ret = 0;
	kmod_list_foreach(item, info) {
		if (!strcmp(kmod_module_info_get_key(item), "alias") &&
		    !strncmp(kmod_module_info_get_value(item), VFIO_ALIAS_PREFIX,
			     strlen(VFIO_ALIAS_PREFIX)))
			ret = 1;
	}
	kmod_module_info_free_list(info);
	return ret;
}

int module_driver(const char *name, char *driver, size_t size)
{
	char path[PATH_MAX], *p;
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/module/%s/drivers", name);
	/* The kernel writes every module's name with underscores. */
	for (p = path; *p; p++) {
		if (*p == '-')
			*p = '_';
	}
	dir = opendir(path);
	if (!dir)
		return -ENOENT;
	while (ret && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PCI_DRIVER_PREFIX, strlen(PCI_DRIVER_PREFIX)))
			continue;
		snprintf(driver, size, "%s", entry->d_name + strlen(PCI_DRIVER_PREFIX));
		ret = 0;
	}
	closedir(dir);
	return ret;
}

void module_of_driver(const char *driver, char *name, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX], *last;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/module", driver);
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%s", last ? last + 1 : driver);
}
