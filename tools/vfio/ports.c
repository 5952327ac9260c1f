// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devlink ports of VFs, by generic netlink. A VF has one when its PF is in switchdev mode; the
 * port says whether the VF may migrate. To ask takes no root.
 *
 * Numbers that the headers of Debian 12 do not have are those of include/uapi/linux/devlink.h.
 */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bounded.h"
#include "ports.h"

#define BUS			"pci"
#define FN_ATTR_CAPS		4
#define FN_CAP_MIGRATABLE	0x2
#define REQUEST_SIZE		256
#define ANSWER_SIZE		32768

/* A message of ours, which fits. */
union request {
	struct nlmsghdr head;
	char bytes[REQUEST_SIZE];
};

/* The attributes of a message that matter here; NULL for those that it has not. */
struct attributes {
	const struct nlattr *at[DEVLINK_ATTR_MAX + 1];
};

static void begin(union request *request, int family, int command, int flags)
{
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(request);
	request->head.nlmsg_type = family;
	request->head.nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(&request->head, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
}

static int take_attribute(const struct nlattr *attr, void *attributes)
{
	if (mnl_attr_type_valid(attr, DEVLINK_ATTR_MAX) > 0)
		((struct attributes *)attributes)->at[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Not all answers have all numbers. */
static unsigned int number(const struct nlattr *attr, enum mnl_attr_data_type type)
{
	if (!attr || mnl_attr_validate(attr, type) < 0)
		return 0;
	return type == MNL_TYPE_U16 ? mnl_attr_get_u16(attr) : mnl_attr_get_u32(attr);
}

static const char *text(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr) :
									   "";
}

static enum function_allowed allowed_of(const struct nlattr *function)
{
	struct attributes attributes = { };
	const struct nla_bitfield32 *caps;

	if (!function)
		return ALLOWED_NO_WORD;
	mnl_attr_parse_nested(function, take_attribute, &attributes);
	if (!attributes.at[FN_ATTR_CAPS] ||
	    mnl_attr_get_payload_len(attributes.at[FN_ATTR_CAPS]) < sizeof(*caps))
		return ALLOWED_NO_WORD;
	caps = mnl_attr_get_payload(attributes.at[FN_ATTR_CAPS]);
	if (!(caps->selector & FN_CAP_MIGRATABLE))
		return ALLOWED_NO_WORD;
	return caps->value & FN_CAP_MIGRATABLE ? ALLOWED_YES : ALLOWED_NO;
}

static int add_port(const struct nlmsghdr *message, void *data)
{
	struct attributes attributes = { };
	struct ports *ports = data;
	struct port *port = &ports->at[ports->nr];
	const char *pf;

	mnl_attr_parse(message, sizeof(struct genlmsghdr), take_attribute, &attributes);
	pf = text(attributes.at[DEVLINK_ATTR_DEV_NAME]);
	if (ports->nr == PORTS_MAX || !pf[0] || strlen(pf) >= sizeof(port->pf) ||
	    number(attributes.at[DEVLINK_ATTR_PORT_FLAVOUR], MNL_TYPE_U16) !=
		    DEVLINK_PORT_FLAVOUR_PCI_VF ||
	    strcmp(text(attributes.at[DEVLINK_ATTR_BUS_NAME]), BUS))
		return MNL_CB_OK;
	snprintf(port->pf, sizeof(port->pf), "%s", pf);
	port->index = number(attributes.at[DEVLINK_ATTR_PORT_INDEX], MNL_TYPE_U32);
	port->vf = number(attributes.at[DEVLINK_ATTR_PORT_PCI_VF_NUMBER], MNL_TYPE_U16);
	port->allowed = allowed_of(attributes.at[DEVLINK_ATTR_PORT_FUNCTION]);
	ports->nr++;
	return MNL_CB_OK;
}

int ports_parse(struct ports *ports, const void *message, size_t size)
{
	int ret = mnl_cb_run(message, size, 0, 0, add_port, ports);

	return ret < 0 ? -errno : ret;
}

/* Send a request, and take all that comes back. Return: 0, or a negative errno. */
static int converse(struct mnl_socket *socket, const union request *request, mnl_cb_t take,
		    void *data)
{
	static union {
		struct nlmsghdr head;
		char bytes[ANSWER_SIZE];
	} answer;
	ssize_t len;
	int ret = 1;

	if (mnl_socket_sendto(socket, request, request->head.nlmsg_len) < 0)
		return -errno;
	while (ret > 0) {
		len = mnl_socket_recvfrom(socket, &answer, sizeof(answer));
		ret = len < 0 ? -1 : mnl_cb_run(&answer, len, 0, 0, take, data);
	}
	return ret < 0 ? -errno : 0;
}

static int take_family(const struct nlmsghdr *message, void *family)
{
	struct attributes attributes = { };

	mnl_attr_parse(message, sizeof(struct genlmsghdr), take_attribute, &attributes);
	*(int *)family = number(attributes.at[CTRL_ATTR_FAMILY_ID], MNL_TYPE_U16);
	return MNL_CB_STOP;
}

/* The kernel's number for devlink; its module is not loaded by asking. */
static int find_family(struct mnl_socket *socket)
{
	union request request;
	int family = 0, ret;

	begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(&request.head, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	ret = converse(socket, &request, take_family, &family);
	if (ret)
		return ret;
	return family ? family : -EPROTO;
}

/* The process ends with its question, and so does the socket. */
static int open_devlink(struct mnl_socket **socket)
{
	*socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	return *socket ? find_family(*socket) : -errno;
}

static int read_ports(const void *question, void *answer)
{
	struct ports *ports = answer;
	struct mnl_socket *socket;
	union request request;
	int family = open_devlink(&socket);

	(void)question;
	ports->nr = 0;
	if (family < 0)
		return family;
	begin(&request, family, DEVLINK_CMD_PORT_GET, NLM_F_DUMP);
	return converse(socket, &request, add_port, ports);
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
	const struct wish *wish = question;
	struct nla_bitfield32 caps = { .selector = FN_CAP_MIGRATABLE };
	struct ports none = { };
	struct mnl_socket *socket;
	union request request;
	struct nlattr *nest;
	int family = open_devlink(&socket);

	(void)answer;
	if (family < 0)
		return family;
	caps.value = wish->allow ? FN_CAP_MIGRATABLE : 0;
	begin(&request, family, DEVLINK_CMD_PORT_SET, NLM_F_ACK);
	mnl_attr_put_strz(&request.head, DEVLINK_ATTR_BUS_NAME, BUS);
	mnl_attr_put_strz(&request.head, DEVLINK_ATTR_DEV_NAME, wish->function->physfn);
	mnl_attr_put_u32(&request.head, DEVLINK_ATTR_PORT_INDEX, wish->function->port);
	nest = mnl_attr_nest_start(&request.head, DEVLINK_ATTR_PORT_FUNCTION);
	mnl_attr_put(&request.head, FN_ATTR_CAPS, sizeof(caps), &caps);
	mnl_attr_nest_end(&request.head, nest);
	return converse(socket, &request, add_port, &none);
}

int ports_allow(const struct function *function, bool allowed, int seconds)
{
	struct wish wish = { .function = function, .allow = allowed };
	char nothing = 0;

	return bounded_ask(allow, &wish, &nothing, sizeof(nothing), seconds);
}
