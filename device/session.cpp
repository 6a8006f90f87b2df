#include "device/session.h"

#include <fmt/format.h>

namespace faultline::device {

Expected<std::unique_ptr<Session>> Session::open(const Device& device) {
    Expected<Context> context = Context::create(device);
    if (!context) return context.error();
    Expected<CommandList> queue = CommandList::create(*context);
    if (!queue) return queue.error();
    Expected<Event> event = Event::create(*context);
    if (!event) return event.error();
    Expected<DeviceClock> clock = DeviceClock::calibrate(*context, *queue);
    if (!clock) return clock.error();

    std::unique_ptr<Session> session(
        new Session(*std::move(context), *std::move(queue), *std::move(event), *clock, open_gt_counters(device)));
    if (device.extension) {
        const std::pair<faultline_text_t, std::string*> texts[] = {
            {FAULTLINE_TEXT_POLICY, &session->policy_},
            {FAULTLINE_TEXT_MODEL, &session->model_},
            {FAULTLINE_TEXT_MODEL_FIGURES, &session->model_figures_},
            {FAULTLINE_TEXT_MONITOR, &session->monitor_}};
        for (const auto& [which, where] : texts) {
            Expected<std::string> text = device.extension->text(device.handle, which);
            if (!text) return text.error();
            *where = *std::move(text);
        }
    }
    return session;
}

Expected<GtCounters> Session::gt_counters() const {
    if (!counters_) return counters_.error();
    return (*counters_)->read();
}

std::string Session::label() const {
    return fmt::format("{} policy={} model={}", to_string(device().kind), policy_, model_);
}

Error Session::explain(Error error) const {
    if (!device().extension) return error;
    const Expected<std::string> why = device().extension->text(device().handle, FAULTLINE_TEXT_LAST_ERROR);
    if (why && !why->empty()) error.message += ": " + *why;
    return error;
}

}  // namespace faultline::device
