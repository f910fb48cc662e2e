// Captured sources on disk, so that a project that is opened again has its sound: 32-bit float WAVs,
// named by their hash. Network thread; each call is short, but for slow disks.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace anacrusis {

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

/// The user's cache folder for sources; empty where there is none ($XDG_CACHE_HOME, else ~/.cache).
std::string source_folder();

/// A file on its way, under a temporary name until it is whole.
class SourceWriter {
public:
    /// Nothing where the folder can't be written.
    static std::optional<SourceWriter> begin(const std::string& folder, double rate_hz);
    ~SourceWriter();
    SourceWriter(SourceWriter&& other) noexcept;
    SourceWriter& operator=(SourceWriter&&) = delete;

    /// Adds interleaved stereo frames.
    void add(const float* interleaved, std::int64_t frames);
    /// Gives the file its name; false where the disk is full or the like. Then it is gone.
    bool finish(const std::string& hash);

private:
    SourceWriter(File file, std::string folder, std::string name, double rate_hz);

    File file_;
    std::string folder_, name_;
    double rate_hz_;
    std::int64_t frames_ = 0;
    bool good_ = true;
};

/// A file of the cache, opened; what lies in it is not checked against its hash.
class SourceReader {
public:
    /// Nothing where there is no such file, or it is none of ours.
    static std::optional<SourceReader> open(const std::string& folder, const std::string& hash);

    double rate_hz() const noexcept { return rate_hz_; }
    std::int64_t frames() const noexcept { return frames_; }
    /// Stereo frames from ``first`` on, interleaved; false where the file ends before.
    bool read(std::int64_t first, std::int64_t frames, float* interleaved);

private:
    SourceReader(File file, double rate_hz, std::int64_t frames) : file_(std::move(file)), rate_hz_(rate_hz),
        frames_(frames) {}

    File file_;
    double rate_hz_;
    std::int64_t frames_;
};

/// Removes a file that is not what its name says.
void remove_source(const std::string& folder, const std::string& hash);
/// Removes the files used least recently until the others have ``most_bytes`` at most; ``kept`` stays.
void prune_sources(const std::string& folder, const std::string& kept, std::uint64_t most_bytes);

}  // namespace anacrusis
