#include "runners/look/draw.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "results/atomic_file.h"
#include "runners/system/subprocess.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

constexpr int kNotFound = 127;  // what env says of a program that is not there

/// A directory in the system's place for temporary files, gone with the object.
class Scratch {
public:
    Scratch() {
        std::error_code error;
        std::string name = (fs::temp_directory_path(error) / "faultline-draw-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~Scratch() {
        std::error_code error;
        if (!path_.empty()) fs::remove_all(path_, error);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    /// Empty when none could be made.
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

Error no_scratch() {
    return {ErrorKind::kUnavailable,
            "cannot make a directory for temporary files: see TMPDIR, and whether the disk is full"};
}

/// The user's own start-up files would change the picture, hence --default-settings. env changes the directory.
Status run_gnuplot(const fs::path& directory, const std::string& script, std::chrono::milliseconds limit) {
    const ChildCommand command{
        .argv = {"/usr/bin/env", "--chdir=" + directory.string(), "gnuplot", "--default-settings", script},
        .time_limit = limit};
    FL_ASSIGN_OR_RETURN(const auto result, run_child(command));
    if (result.end == ChildEnd::kExited && result.code == kNotFound) {
        return Error{ErrorKind::kUnavailable, "gnuplot is not there: install it (Debian: gnuplot-nox)"};
    }
    if (!result.ok()) {
        std::string why = result.err;
        for (char& c : why) {
            if (c == '\n') c = ' ';
        }
        return Error{ErrorKind::kUnavailable, fmt::format("gnuplot {}: {}", describe_end(result, command), why)};
    }
    return {};
}

Expected<plots::Format> format_of(const fs::path& output) {
    const std::string extension = output.extension();
    if (extension == ".svg") return plots::Format::kSvg;
    if (extension == ".png") return plots::Format::kPng;
    if (extension == ".pdf") return plots::Format::kPdf;
    return Error{ErrorKind::kBadInput,
                 fmt::format("'{}': the picture's name ends in .svg, .png or .pdf", output.string())};
}

/// gnuplot's read-out has two decimals, in which a latency in seconds is 0.00; with four digits it says something.
std::string with_digits(std::string svg) {
    for (const std::string axis : {"x", "y"}) {
        const std::string decimals = "plotcoord." + axis + ".toFixed(2)";
        const std::string digits = "Number(plotcoord." + axis + ".toPrecision(4))";
        for (std::size_t at = svg.find(decimals); at != std::string::npos; at = svg.find(decimals, at)) {
            svg.replace(at, decimals.size(), digits);
            at += digits.size();
        }
    }
    return svg;
}

}  // namespace

Status draw(const plots::Picture& picture, const fs::path& output) {
    FL_ASSIGN_OR_RETURN(const auto format, format_of(output));
    const std::string stem = output.stem();
    for (const char c : stem) {
        if (static_cast<unsigned char>(c) < ' ') {
            return Error{ErrorKind::kBadInput, "the picture's name holds a control character"};
        }
    }
    const Scratch scratch;
    if (scratch.path().empty()) return no_scratch();
    const std::string script = gp_text(picture, stem, format);
    const auto write_texts = [&](const fs::path& directory) -> Status {
        FL_RETURN_IF_ERROR(results::write_file_atomically(directory / (stem + ".dat"), picture.data));
        return results::write_file_atomically(directory / (stem + ".gp"), script);
    };
    FL_RETURN_IF_ERROR(write_texts(scratch.path()));
    FL_RETURN_IF_ERROR(run_gnuplot(scratch.path(), "./" + stem + ".gp", std::chrono::minutes(2)));
    FL_ASSIGN_OR_RETURN(auto drawn, results::read_file(scratch.path() / output.filename()));
    FL_RETURN_IF_ERROR(write_texts(output.parent_path()));
    if (format == plots::Format::kSvg) drawn = with_digits(std::move(drawn));
    return results::write_file_atomically(output, drawn);
}

Expected<std::vector<std::string>> draw_svgs(const std::vector<plots::Picture>& pictures) {
    std::vector<std::string> drawn;
    if (pictures.empty()) return drawn;
    const Scratch scratch;
    if (scratch.path().empty()) return no_scratch();
    std::string script;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const std::string stem = fmt::format("p{}", i);
        FL_RETURN_IF_ERROR(results::write_file_atomically(scratch.path() / (stem + ".dat"), pictures[i].data));
        script += plots::inline_gp_text(pictures[i], stem);
    }
    FL_RETURN_IF_ERROR(results::write_file_atomically(scratch.path() / "all.gp", script));
    FL_RETURN_IF_ERROR(run_gnuplot(scratch.path(), "./all.gp", std::chrono::minutes(10)));
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        FL_ASSIGN_OR_RETURN(auto svg, results::read_file(scratch.path() / fmt::format("p{}.svg", i)));
        drawn.push_back(std::move(svg));
    }
    return drawn;
}

}  // namespace faultline::runners
