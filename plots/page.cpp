#include "plots/page.h"

#include "plots/html.h"

namespace faultline::plots {

std::string page_html(const std::string& title, const std::string& head, const std::string& body, bool with_script) {
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    html += head;
    html +=
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src "
        "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    html += "<title>" + escaped(title) + "</title>\n<style>\n";
    html.append(page_style()).append("</style>\n</head>\n<body>\n");
    html += body;
    if (with_script) html.append("<script>\n").append(page_script()).append("</script>\n");
    return html + "</body>\n</html>\n";
}

}  // namespace faultline::plots
