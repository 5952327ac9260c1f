/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is mapped above what is tracked */
#ifndef VFIO_PCI_VARIANT_ABOVE_H
#define VFIO_PCI_VARIANT_ABOVE_H

#include <linux/types.h>

struct vpv_pins;

/* A look at all that is above, from address to address; under the state mutex */
struct vpv_above {
	struct vpv_pins *pins;
	/* Where it began, goes on and ends */
	u64 from, next, end;
	/* End of the highest memory that it has found, 0 for none */
	u64 top;
	/* How many mappings of the kernel's had been made when it began */
	int nr_maps;
};

void vpv_above_init(struct vpv_above *above, struct vpv_pins *pins);
void vpv_above_watch(bool on);
void vpv_above_begin(struct vpv_above *above, u64 from);
bool vpv_above_is_done(const struct vpv_above *above);
int vpv_above_finish(struct vpv_above *above);
int vpv_above_mark(struct vpv_above *above, u64 from);
int vpv_above_mark_all(struct vpv_above *above, u64 from);

#endif /* VFIO_PCI_VARIANT_ABOVE_H */
