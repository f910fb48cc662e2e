#include "net/source_cache.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace anacrusis {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 58;
constexpr std::int64_t kFrameBytes = 8;
constexpr std::int64_t kMostFrames = (std::int64_t{0xFFFFFFFF} - 64) / kFrameBytes;
constexpr std::uint16_t kFloatFormat = 3;

using Header = std::array<char, kHeaderBytes>;

template <class Number>
void put(Header& header, std::size_t at, Number value) {
    std::memcpy(header.data() + at, &value, sizeof value);
}

template <class Number>
Number get(const Header& header, std::size_t at) {
    Number value{};
    std::memcpy(&value, header.data() + at, sizeof value);
    return value;
}

void put_word(Header& header, std::size_t at, const char* word) { std::memcpy(header.data() + at, word, 4); }

/// RIFF, fmt (18 bytes), fact, data: float stereo.
Header header_of(double rate_hz, std::int64_t frames) {
    Header header{};
    const auto rate = static_cast<std::uint32_t>(rate_hz);
    const auto bytes = static_cast<std::uint32_t>(frames * kFrameBytes);
    put_word(header, 0, "RIFF");
    put(header, 4, static_cast<std::uint32_t>(kHeaderBytes - 8 + bytes));
    put_word(header, 8, "WAVE");
    put_word(header, 12, "fmt ");
    put(header, 16, std::uint32_t{18});
    put(header, 20, kFloatFormat);
    put(header, 22, std::uint16_t{2});
    put(header, 24, rate);
    put(header, 28, static_cast<std::uint32_t>(rate * kFrameBytes));
    put(header, 32, static_cast<std::uint16_t>(kFrameBytes));
    put(header, 34, std::uint16_t{32});
    put_word(header, 38, "fact");
    put(header, 42, std::uint32_t{4});
    put(header, 46, static_cast<std::uint32_t>(frames));
    put_word(header, 50, "data");
    put(header, 54, bytes);
    return header;
}

fs::path path_of(const std::string& folder, const std::string& hash) {
    return fs::path(folder) / (hash + ".wav");
}

}  // namespace

std::string source_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && cache[0] == '/') return (fs::path(cache) / "anacrusis" / "sources").string();
    const char* home = std::getenv("HOME");
    if (home == nullptr || home[0] != '/') return {};
    return (fs::path(home) / ".cache" / "anacrusis" / "sources").string();
}

SourceWriter::SourceWriter(File file, std::string folder, std::string name, double rate_hz)
    : file_(std::move(file)), folder_(std::move(folder)), name_(std::move(name)), rate_hz_(rate_hz) {}

SourceWriter::SourceWriter(SourceWriter&& other) noexcept = default;

SourceWriter::~SourceWriter() {
    if (!file_) return;
    file_.reset();
    std::error_code ignored;
    fs::remove(name_, ignored);
}

std::optional<SourceWriter> SourceWriter::begin(const std::string& folder, double rate_hz) {
    if (folder.empty()) return std::nullopt;
    std::error_code error;
    fs::create_directories(folder, error);
    static std::atomic<unsigned> count{0};
    const std::string unique = std::to_string(getpid()) + "-" + std::to_string(count++);
    const std::string name = (fs::path(folder) / (unique + ".part")).string();
    File file(std::fopen(name.c_str(), "wbx"));
    if (!file) return std::nullopt;
    SourceWriter writer(std::move(file), folder, name, rate_hz);
    const Header header = header_of(rate_hz, 0);
    writer.good_ = std::fwrite(header.data(), header.size(), 1, writer.file_.get()) == 1;
    return writer;
}

void SourceWriter::add(const float* interleaved, std::int64_t frames) {
    const auto count = static_cast<std::size_t>(frames);
    frames_ += frames;
    good_ = good_ && frames_ <= kMostFrames &&
        std::fwrite(interleaved, kFrameBytes, count, file_.get()) == count;
}

bool SourceWriter::finish(const std::string& hash) {
    const Header header = header_of(rate_hz_, frames_);
    good_ = good_ && std::fseek(file_.get(), 0, SEEK_SET) == 0 &&
            std::fwrite(header.data(), header.size(), 1, file_.get()) == 1 && std::fflush(file_.get()) == 0;
    if (!good_) return false;
    std::error_code error;
    fs::rename(name_, path_of(folder_, hash), error);
    if (error) return false;
    file_.reset();
    return true;
}

std::optional<SourceReader> SourceReader::open(const std::string& folder, const std::string& hash) {
    if (folder.empty()) return std::nullopt;
    const fs::path path = path_of(folder, hash);
    File file(std::fopen(path.c_str(), "rb"));
    Header header{};
    if (!file || std::fread(header.data(), header.size(), 1, file.get()) != 1) return std::nullopt;
    const double rate_hz = get<std::uint32_t>(header, 24);
    const std::int64_t frames = get<std::uint32_t>(header, 54) / kFrameBytes;
    std::error_code error;
    const auto bytes = static_cast<std::int64_t>(fs::file_size(path, error));
    const bool ours = header == header_of(rate_hz, frames) && !error &&
                      bytes == static_cast<std::int64_t>(kHeaderBytes) + frames * kFrameBytes;
    if (!ours || frames == 0 || rate_hz == 0.0) return std::nullopt;
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);  // used now: it goes last
    return SourceReader(std::move(file), rate_hz, frames);
}

bool SourceReader::read(std::int64_t first, std::int64_t frames, float* interleaved) {
    const auto count = static_cast<std::size_t>(frames);
    const auto at = static_cast<long>(kHeaderBytes) + static_cast<long>(first * kFrameBytes);
    return std::fseek(file_.get(), at, SEEK_SET) == 0 &&
        std::fread(interleaved, kFrameBytes, count, file_.get()) == count;
}

void remove_source(const std::string& folder, const std::string& hash) {
    std::error_code ignored;
    fs::remove(path_of(folder, hash), ignored);
}

void prune_sources(const std::string& folder, const std::string& kept, std::uint64_t most_bytes) {
    struct Entry {
        fs::file_time_type used;
        fs::path path;
        std::uint64_t bytes;
    };
    std::vector<Entry> entries;
    std::uint64_t total = 0;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".wav") continue;
        const std::uint64_t bytes = entry.file_size(error);
        if (error) continue;
        total += bytes;
        if (entry.path().stem() != kept) entries.push_back({entry.last_write_time(error), entry.path(),
                                                            bytes});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
    for (const Entry& entry : entries) {
        if (total <= most_bytes) return;
        if (fs::remove(entry.path, error)) total -= entry.bytes;
    }
}

}  // namespace anacrusis
