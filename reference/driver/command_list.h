// A command list: regular (recorded, closed, executed by queues) or immediate (each command executed as it is
// appended).
//
// Thread safety: as Level Zero's, not to be used from several threads at once. Ownership: an immediate list owns its
// queue; recorded commands are shared with the queues that execute them, so that a reset does not reach those.
#pragma once

#include <level_zero/ze_ddi.h>

#include <memory>
#include <utility>

#include "reference/driver/command.h"
#include "reference/driver/command_queue.h"

namespace faultline::driver {

class CommandList : public ArenaObject {
public:
    CommandList(std::shared_ptr<Context> context, QueueGroup group)
        : context_(std::move(context)), group_(group), commands_(std::make_shared<CommandSequence>()) {}
    explicit CommandList(std::unique_ptr<CommandQueue> queue)
        : context_(queue->context().shared_from_this()), group_(queue->group()), queue_(std::move(queue)) {}

    Context& context() { return *context_; }
    QueueGroup group() const { return group_; }
    bool immediate() const { return queue_ != nullptr; }
    bool closed() const { return closed_; }
    std::shared_ptr<const CommandSequence> commands() const { return commands_; }

    /// Records, or executes: DEVICE_LOST when the context is lost; INVALID_ARGUMENT when the list is closed.
    ze_result_t append(Command command) {
        CommandSequence one;
        one.push_back(std::move(command));
        return append(std::move(one));
    }
    ze_result_t append(CommandSequence commands);
    /// INVALID_COMMAND_LIST_TYPE for an immediate list, as for reset().
    ze_result_t close();
    ze_result_t reset();

private:
    const std::shared_ptr<Context> context_;
    const QueueGroup group_;
    const std::unique_ptr<CommandQueue> queue_;  // immediate lists only
    std::shared_ptr<CommandSequence> commands_;  // regular lists only
    bool closed_ = false;
};

/// The launches of the command list table (launch.cpp).
void fill_launches(ze_command_list_dditable_t& table);

/// Reads the events of an append call into the command. INVALID_NULL_HANDLE for a null handle among those to wait for,
/// INVALID_SIZE for a count without handles.
ze_result_t read_events(ze_event_handle_t signal, std::uint32_t count, ze_event_handle_t* waits, Command* command);
/// Appends `action` with those events.
ze_result_t append(CommandList& list, Action action, ze_event_handle_t signal, std::uint32_t count,
                   ze_event_handle_t* waits);

}  // namespace faultline::driver
