// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether type1 takes what a device's group has not pinned for clean: pinned_page_dirty_scope
 *
 * That begins with the first pin and ends when the group leaves its container, of which no
 * driver is told. It cannot leave as long as the device is open. When nobody has it open, a
 * device that is attached to another IOMMU domain tells that its group has left; the address of
 * a domain tells nothing, as the next container's may lie where the last one's was.
 *
 * A reset may attach a device to a domain of its own, too, to keep DMA out meanwhile (since Linux
 * 7.0), and its group stays where it was. So nothing is learned from what comes during one, nor
 * while vfio opens or closes the device, which it resets then without telling. A scope that is
 * taken to be set and is not costs time; one that is and is not known of loses pages.
 */
#include <linux/iommu.h>
#include <trace/events/iommu.h>

#include "scope.h"

void vpv_scope_init(struct vpv_scope *scope, struct vfio_pci_variant_mig *mig)
{
	scope->mig = mig;
	scope->dev = &mig->variant->core.pdev->dev;
}

/* Any device of the host's is attached to a domain. Atomic context. */
static void vpv_scope_attached(void *data, struct device *dev)
{
	struct vpv_scope *scope = data;

	if (dev == scope->dev && !READ_ONCE(scope->mig->resetting))
		WRITE_ONCE(scope->left, true);
}

static void vpv_scope_unwatch(struct vpv_scope *scope)
{
	if (scope->watched)
		unregister_trace_attach_device_to_domain(vpv_scope_attached, scope);
	scope->watched = false;
}

/* A user comes, perhaps to a container in which the scope is still set. vfio has yet to open it. */
void vpv_scope_opened(struct vpv_scope *scope)
{
	lockdep_assert_held(&scope->mig->state_mutex);

	vpv_scope_unwatch(scope);
	if (READ_ONCE(scope->left))
		scope->is_set = false;
}

/* The last user is gone, and vfio has closed the device */
void vpv_scope_closed(struct vpv_scope *scope)
{
	lockdep_assert_held(&scope->mig->state_mutex);

	if (!scope->is_set)
		return;
	/* Whatever an event that has gone by finds: its group did not leave then */
	WRITE_ONCE(scope->left, false);
	scope->watched = !register_trace_attach_device_to_domain(vpv_scope_attached, scope);
	scope->was_watched |= scope->watched;
}

/* The device goes. Sleeps until nobody looks at it any more, nor runs our code. */
void vpv_scope_uninit(struct vpv_scope *scope)
{
	vpv_scope_unwatch(scope);
	if (scope->was_watched)
		tracepoint_synchronize_unregister();
}
