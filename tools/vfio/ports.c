// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devlink ports of VFs, by generic netlink. A VF has one when its PF is in switchdev mode; the
 * port says whether the VF may migrate. To ask takes no root.
 *
 * Numbers that the headers of Debian 12 do not have are those of include/uapi/linux/devlink.h.
 */

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bounded.h"
#include "ports.h"

#define BUS			"pci"
#define FN_ATTR_CAPS		4
#define FN_CAP_MIGRATABLE	0x2
#define REQUEST_SIZE		256
#define ANSWER_SIZE		32768

/* A message under construction; what is put in fits, as it is ours. */
struct request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attributes[REQUEST_SIZE];
};

/* Netlink messages, aligned as they must be. */
union answer {
	struct nlmsghdr head;
	char bytes[ANSWER_SIZE];
};

/* The attributes of a message that matter here; NULL for those that it has not. */
struct attributes {
	const struct nlattr *at[DEVLINK_ATTR_MAX + 1];
};

static void begin(struct request *request, int family, int command, int flags)
{
	memset(request, 0, sizeof(*request));
	request->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request->head.nlmsg_type = family;
	request->head.nlmsg_flags = NLM_F_REQUEST | flags;
	request->genl.cmd = command;
	request->genl.version = 1;
}

static struct nlattr *put(struct request *request, int type, const void *data, size_t size)
{
	struct nlattr *attr = (void *)((char *)request + NLMSG_ALIGN(request->head.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	if (size)
		memcpy((char *)attr + NLA_HDRLEN, data, size);
	request->head.nlmsg_len = NLMSG_ALIGN(request->head.nlmsg_len) + NLA_ALIGN(attr->nla_len);
	return attr;
}

static const void *data_of(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static size_t size_of(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

/* Numbers lie unaligned, and are not there in all answers. */
static unsigned int number(const struct nlattr *attr, size_t size)
{
	unsigned int value = 0;
	unsigned short half;

	if (!attr || size_of(attr) < size)
		return 0;
	if (size == sizeof(half)) {
		memcpy(&half, data_of(attr), sizeof(half));
		return half;
	}
	memcpy(&value, data_of(attr), size);
	return value;
}

static bool is_text(const struct nlattr *attr, size_t max)
{
	return attr && size_of(attr) && size_of(attr) <= max &&
	       !((const char *)data_of(attr))[size_of(attr) - 1];
}

static void sort_out(const void *data, size_t size, struct attributes *attributes)
{
	const struct nlattr *attr = data;
	size_t len;

	memset(attributes, 0, sizeof(*attributes));
	while (size >= sizeof(*attr) && attr->nla_len >= sizeof(*attr) && attr->nla_len <= size) {
		if ((attr->nla_type & NLA_TYPE_MASK) <= DEVLINK_ATTR_MAX)
			attributes->at[attr->nla_type & NLA_TYPE_MASK] = attr;
		len = NLA_ALIGN(attr->nla_len);
		if (len >= size)
			return;
		size -= len;
		attr = (const void *)((const char *)attr + len);
	}
}

static enum function_allowed allowed_of(const struct nlattr *function)
{
	struct attributes attributes;
	struct nla_bitfield32 caps;

	if (!function)
		return ALLOWED_NO_WORD;
	sort_out(data_of(function), size_of(function), &attributes);
	if (!attributes.at[FN_ATTR_CAPS] || size_of(attributes.at[FN_ATTR_CAPS]) < sizeof(caps))
		return ALLOWED_NO_WORD;
	memcpy(&caps, data_of(attributes.at[FN_ATTR_CAPS]), sizeof(caps));
	if (!(caps.selector & FN_CAP_MIGRATABLE))
		return ALLOWED_NO_WORD;
	return caps.value & FN_CAP_MIGRATABLE ? ALLOWED_YES : ALLOWED_NO;
}

static void add_port(struct ports *ports, const void *data, size_t size)
{
	struct port *port = &ports->at[ports->nr];
	struct attributes attributes;

	sort_out(data, size, &attributes);
	if (ports->nr == PORTS_MAX ||
	    number(attributes.at[DEVLINK_ATTR_PORT_FLAVOUR], 2) != DEVLINK_PORT_FLAVOUR_PCI_VF ||
	    !is_text(attributes.at[DEVLINK_ATTR_BUS_NAME], sizeof(BUS)) ||
	    strcmp(data_of(attributes.at[DEVLINK_ATTR_BUS_NAME]), BUS) ||
	    !is_text(attributes.at[DEVLINK_ATTR_DEV_NAME], sizeof(port->pf)))
		return;
	snprintf(port->pf, sizeof(port->pf), "%s",
		 (const char *)data_of(attributes.at[DEVLINK_ATTR_DEV_NAME]));
	port->index = number(attributes.at[DEVLINK_ATTR_PORT_INDEX], 4);
	port->vf = number(attributes.at[DEVLINK_ATTR_PORT_PCI_VF_NUMBER], 2);
	port->allowed = allowed_of(attributes.at[DEVLINK_ATTR_PORT_FUNCTION]);
	ports->nr++;
}

int ports_parse(struct ports *ports, const void *message, size_t size)
{
	const struct nlmsghdr *head = message;
	const struct nlmsgerr *error;

	while (size >= sizeof(*head) && head->nlmsg_len >= sizeof(*head) &&
	       head->nlmsg_len <= size) {
		if (head->nlmsg_type == NLMSG_DONE)
			return 0;
		if (head->nlmsg_type == NLMSG_ERROR) {
			error = NLMSG_DATA(head);
			return head->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EPROTO :
										error->error;
		}
		if (head->nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN))
			add_port(ports, (const char *)NLMSG_DATA(head) + GENL_HDRLEN,
				 head->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
		if (NLMSG_ALIGN(head->nlmsg_len) >= size)
			return 1;
		size -= NLMSG_ALIGN(head->nlmsg_len);
		head = (const void *)((const char *)head + NLMSG_ALIGN(head->nlmsg_len));
	}
	return size ? -EPROTO : 1;
}

static int send_request(int fd, const struct request *request)
{
	return send(fd, request, request->head.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The kernel's number for devlink; its module is not loaded by asking. */
static int find_family(int fd)
{
	union answer answer;
	struct attributes attributes;
	struct request request;
	ssize_t len;
	int ret;

	begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put(&request, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME, sizeof(DEVLINK_GENL_NAME));
	ret = send_request(fd, &request);
	if (ret)
		return ret;
	len = recv(fd, &answer, sizeof(answer), 0);
	if (len < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN))
		return len < 0 ? -errno : -EPROTO;
	if (answer.head.nlmsg_type == NLMSG_ERROR)
		return -ENOENT;
	sort_out((char *)NLMSG_DATA(&answer.head) + GENL_HDRLEN,
		 len - NLMSG_LENGTH(GENL_HDRLEN), &attributes);
	ret = number(attributes.at[CTRL_ATTR_FAMILY_ID], 2);
	return ret ? ret : -EPROTO;
}

static int open_devlink(int *family)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return -errno;
	*family = find_family(fd);
	if (*family > 0)
		return fd;
	close(fd);
	return *family;
}

static int read_ports(const void *question, void *answer)
{
	static union answer message;
	struct ports *ports = answer;
	struct request request;
	int fd, family, ret;
	ssize_t len;

	(void)question;
	ports->nr = 0;
	fd = open_devlink(&family);
	if (fd < 0)
		return fd;
	begin(&request, family, DEVLINK_CMD_PORT_GET, NLM_F_DUMP);
	ret = send_request(fd, &request) ?: 1;
	while (ret > 0) {
		len = recv(fd, &message, sizeof(message), 0);
		ret = len < 0 ? -errno : ports_parse(ports, &message, len);
	}
	close(fd);
	return ret;
}

int ports_read(struct ports *ports, int seconds)
{
	return bounded_ask(read_ports, NULL, ports, sizeof(*ports), seconds);
}

static bool is_port_of(const struct port *port, const struct function *function)
{
	return !strcmp(port->pf, function->physfn) && (int)port->vf == function->vf;
}

void ports_tell(const struct ports *ports, struct function *functions, int nr)
{
	int i, n;

	for (i = 0; i < nr; i++) {
		if (!functions[i].physfn[0])
			continue;
		functions[i].allowed = ALLOWED_NO_PORT;
		for (n = 0; n < ports->nr; n++) {
			if (!is_port_of(&ports->at[n], &functions[i]))
				continue;
			functions[i].allowed = ports->at[n].allowed;
			functions[i].port = ports->at[n].index;
		}
	}
}

struct wish {
	const struct function *function;
	bool allow;
};

static int allow(const void *question, void *answer)
{
	static union answer message;
	const struct wish *wish = question;
	struct nla_bitfield32 caps = { .selector = FN_CAP_MIGRATABLE };
	struct ports none = { };
	struct request request;
	struct nlattr *nest;
	int fd, family, ret;
	ssize_t len;

	(void)answer;
	caps.value = wish->allow ? FN_CAP_MIGRATABLE : 0;
	fd = open_devlink(&family);
	if (fd < 0)
		return fd;
	begin(&request, family, DEVLINK_CMD_PORT_SET, NLM_F_ACK);
	put(&request, DEVLINK_ATTR_BUS_NAME, BUS, sizeof(BUS));
	put(&request, DEVLINK_ATTR_DEV_NAME, wish->function->physfn,
	    strlen(wish->function->physfn) + 1);
	put(&request, DEVLINK_ATTR_PORT_INDEX, &wish->function->port, sizeof(unsigned int));
	nest = put(&request, DEVLINK_ATTR_PORT_FUNCTION | NLA_F_NESTED, NULL, 0);
	put(&request, FN_ATTR_CAPS, &caps, sizeof(caps));
	nest->nla_len += NLA_HDRLEN + sizeof(caps);
	ret = send_request(fd, &request);
	len = ret ? 0 : recv(fd, &message, sizeof(message), 0);
	if (!ret)
		ret = len < 0 ? -errno : ports_parse(&none, &message, len);
	close(fd);
	return ret > 0 ? -EPROTO : ret;
}

int ports_allow(const struct function *function, bool allowed, int seconds)
{
	struct wish wish = { .function = function, .allow = allowed };
	char nothing = 0;

	return bounded_ask(allow, &wish, &nothing, sizeof(nothing), seconds);
}
