// SPDX-License-Identifier: GPL-2.0-only
/* The card behind a function: firmware and kind of board, and what a guest sees of a VF. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/pci_regs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bounded.h"
#include "card.h"
#include "paths.h"

#define CARD_SECONDS	5
#define CONFIG_BYTES	256
/* Capabilities are 4 bytes long or longer, behind the 64 bytes that all have. */
#define MAX_CAPABILITIES	((CONFIG_BYTES - PCI_STD_HEADER_SIZEOF) / 4)

bool card_parse(const char *text, struct card *card)
{
	size_t len = strspn(text, ".0123456789");
	const char *psid = strchr(text, '('), *end = psid ? strchr(psid, ')') : NULL;

	memset(card, 0, sizeof(*card));
	if (!len || len >= CARD_TEXT_SIZE)
		return false;
	snprintf(card->firmware, CARD_TEXT_SIZE, "%.*s", (int)len, text);
	if (end && end - psid - 1 < CARD_TEXT_SIZE)
		snprintf(card->psid, CARD_TEXT_SIZE, "%.*s", (int)(end - psid - 1), psid + 1);
	return true;
}

/* Any interface of the PF's will do: all ports of a card have one firmware. */
static int find_interface(const char *pf, char name[IFNAMSIZ])
{
	struct dirent *entry;
	char path[PATH_MAX];
	int ret = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/net", paths_sysfs, pf);
	dir = opendir(path);
	while (dir && ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= IFNAMSIZ)
			continue;
		snprintf(name, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, entry->d_name);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* The kernel takes a lock for it that a card in trouble may hold. */
static int ask_driver(const void *question, void *answer)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", (const char *)question);
	if (ioctl(fd, SIOCETHTOOL, &request))
		ret = -errno;
	close(fd);
	info.fw_version[sizeof(info.fw_version) - 1] = '\0';
	if (!ret && !card_parse(info.fw_version, answer))
		ret = -EPROTO;
	return ret;
}

int card_read(const char *pf, struct card *card)
{
	char name[IFNAMSIZ];
	int ret = find_interface(pf, name);

	memset(card, 0, sizeof(*card));
	return ret ? ret : bounded_ask(ask_driver, name, card, sizeof(*card), CARD_SECONDS);
}

/* The first line of "resource" is BAR 0: first address, last address, flags. */
long long card_bar_bytes(const char *bdf)
{
	unsigned long long first, last;
	char path[PATH_MAX];
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource", paths_sysfs, bdf);
	file = fopen(path, "re");
	if (file) {
		found = fscanf(file, "%llx %llx", &first, &last);
		fclose(file);
	}
	return found == 2 && last > first ? (long long)(last - first + 1) : -1;
}

static int read_config(const char *bdf, unsigned char config[CONFIG_BYTES])
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/config", paths_sysfs, bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = pread(fd, config, CONFIG_BYTES, 0);
	close(fd);
	return len == CONFIG_BYTES ? 0 : -EACCES;
}

long long card_vectors(const char *bdf)
{
	unsigned char config[CONFIG_BYTES], at;
	int i;

	if (read_config(bdf, config))
		return -1;
	at = config[PCI_CAPABILITY_LIST] & ~3;
	for (i = 0; i < MAX_CAPABILITIES && at >= PCI_STD_HEADER_SIZEOF; i++) {
		if (config[at] == PCI_CAP_ID_MSIX)
			return ((config[at + PCI_MSIX_FLAGS] |
				 config[at + PCI_MSIX_FLAGS + 1] << 8) & PCI_MSIX_FLAGS_QSIZE) + 1;
		at = config[at + PCI_CAP_LIST_NEXT] & ~3;
	}
	return -1;
}
