// How the tables that the loader asks for are filled: each object family puts its own entry points into its own table.
//
// fill() is called once per table, after every entry was set to the refusal (entry.h), so it names only what is
// supported. Defined in the family's .cpp.
#pragma once

#include <level_zero/ze_ddi.h>

namespace faultline::driver {

void fill(ze_global_dditable_t& table);
void fill(ze_driver_dditable_t& table);
void fill(ze_device_dditable_t& table);
void fill(ze_context_dditable_t& table);
void fill(ze_command_queue_dditable_t& table);
void fill(ze_command_list_dditable_t& table);
void fill(ze_fence_dditable_t& table);
void fill(ze_event_pool_dditable_t& table);
void fill(ze_event_dditable_t& table);
void fill(ze_event_exp_dditable_t& table);
void fill(ze_module_dditable_t& table);
void fill(ze_module_build_log_dditable_t& table);
void fill(ze_kernel_dditable_t& table);
void fill(ze_kernel_exp_dditable_t& table);
void fill(ze_mem_dditable_t& table);

}  // namespace faultline::driver
