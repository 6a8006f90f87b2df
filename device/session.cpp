#include "device/session.h"

#include <fmt/format.h>

namespace faultline::device {

Expected<std::unique_ptr<Session>> Session::open(const Device& device) {
    FL_ASSIGN_OR_RETURN(Context context, Context::create(device));
    FL_ASSIGN_OR_RETURN(CommandList queue, CommandList::create(context));
    FL_ASSIGN_OR_RETURN(Event event, Event::create(context));
    FL_ASSIGN_OR_RETURN(DeviceClock clock, DeviceClock::calibrate(context, queue));

    std::unique_ptr<Session> session(
        new Session(std::move(context), std::move(queue), std::move(event), clock, open_gt_counters(device)));
    if (device.extension) {
        const std::pair<faultline_text_t, std::string*> texts[] = {
            {FAULTLINE_TEXT_POLICY, &session->policy_},
            {FAULTLINE_TEXT_MODEL, &session->model_},
            {FAULTLINE_TEXT_MODEL_FIGURES, &session->model_figures_},
            {FAULTLINE_TEXT_MONITOR, &session->monitor_}};
        for (const auto& [which, where] : texts) {
            FL_ASSIGN_OR_RETURN(std::string text, device.extension->text(device.handle, which));
            *where = std::move(text);
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

Status Session::wait() const {
    const Status done = event_.wait();
    return done ? done : explain(done.error());
}

Error Session::explain(Error error) const {
    if (!device().extension) return error;
    const Expected<std::string> why = device().extension->text(device().handle, FAULTLINE_TEXT_LAST_ERROR);
    if (why && !why->empty()) error.message += ": " + *why;
    return error;
}

}  // namespace faultline::device
