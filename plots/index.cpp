// The page over a folder of reports.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plots/html.h"
#include "plots/page.h"
#include "plots/report.h"

namespace faultline::plots {
namespace {

std::string unescaped(std::string text) {
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"&lt;", "<"},
                                   {"&gt;", ">"},
                                   {"&quot;", "\""},
                                   {"&#39;", "'"},
                                   {"&amp;", "&"}}) {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
    }
    return text;
}

/// A name as part of a URL.
std::string url_of(const std::string& file) {
    std::string url = "./";
    for (const char c : file) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
        url += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return url;
}

}  // namespace

std::optional<ReportEntry> read_entry(const std::string& file, std::string_view html) {
    constexpr std::string_view kMark = "<meta name=\"faultline-report\" content=\"";
    const std::size_t begin = html.find(kMark);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t end = html.find('"', begin + kMark.size());
    if (end == std::string_view::npos) return std::nullopt;
    const std::string text = unescaped(std::string(html.substr(begin + kMark.size(), end - begin - kMark.size())));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        ReportEntry entry;
        entry.file = file;
        entry.title = json.at("title");
        entry.started = json.at("started");
        entry.device = json.at("device");
        entry.policy = json.at("policy");
        entry.kernel = json.at("kernel");
        entry.label = json.at("label");
        entry.benchmarks = json.at("benchmarks");
        entry.failed = json.at("failed");
        entry.compared = json.at("compared");
        entry.worse = json.at("worse");
        entry.better = json.at("better");
        return entry;
    } catch (const nlohmann::json::exception&) {  // of another version
        return std::nullopt;
    }
}

std::string index_html(std::vector<ReportEntry> entries) {
    std::sort(entries.begin(), entries.end(), [](const ReportEntry& a, const ReportEntry& b) {
        return std::tie(b.started, b.file) < std::tie(a.started, a.file);
    });
    std::string body = fmt::format(
        "<header>\n<h1>Faultline reports</h1>\n<p class=\"soft\">{} report{}, newest first</p>\n</header>\n",
        entries.size(), entries.size() == 1 ? "" : "s");
    body += "<main><div class=\"scroll\"><table>\n<thead><tr>";
    for (const char* heading :
         {"started (UTC)", "report", "worse", "better", "failed", "benchmarks", "device", "policy", "kernel"}) {
        body += fmt::format("<th scope=\"col\">{}</th>", heading);
    }
    body += "</tr></thead>\n<tbody>\n";
    for (const ReportEntry& e : entries) {
        const auto number = [](std::size_t n, const char* look) {
            return fmt::format("<td class=\"number{}\">{}</td>", n > 0 ? look : "", n);
        };
        body += fmt::format("<tr><td><time>{}</time></td><td><a href=\"{}\">{}</a></td>", escaped(e.started),
                            escaped(url_of(e.file)), escaped(e.title));
        body += e.compared ? number(e.worse, " worse") + number(e.better, " better")
                           : "<td class=\"number\">-</td><td class=\"number\">-</td>";
        body += number(e.failed, " worse") + number(e.benchmarks, "");
        body += fmt::format("<td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(e.device), escaped(e.policy),
                            escaped(e.kernel));
    }
    body += "</tbody>\n</table></div></main>\n";
    return page_html("Faultline reports", "", body, false);
}

}  // namespace faultline::plots
