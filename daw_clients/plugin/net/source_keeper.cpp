#include "net/source_keeper.hpp"

#include <algorithm>
#include <memory>

namespace anacrusis {

void SourceKeeper::begin_session(std::int64_t most_frames) {
    most_frames_ = std::max<std::int64_t>(most_frames, 1);
    upload_.reset();
    there_.clear();
    told_ = Use{};
    wet_ = {};
    waiting_ = missing_ = false;
}

void SourceKeeper::forget_capture() {
    taking_.reset();
    loading_.reset();
    taken_revision_.reset();
    looked_for_.clear();
}

// ---------------------------------------------------------------- taking and loading

void SourceKeeper::take() {
    const bool changed = taken_revision_ != song_.capture.revision();
    if (song_.settings.source != SourceKind::track || !changed || loading_) return;
    if (taking_ && !taking_->outdated(song_)) return;
    taking_.reset();
    const std::optional<SampleRange> range = SourceTaking::range_of(song_, most_frames_);
    if (range) taking_ = std::make_unique<SourceTaking>(song_, *range, folder_);
}

bool SourceKeeper::work() {
    if (taking_ && taking_->outdated(song_)) taking_.reset();  // the track plays on: at its next stop
    look_on_disk();
    if (taking_ && taking_->step(song_)) finish_taking();
    if (loading_) {
        const std::int64_t start = song_.timeline.grid().sample_of_ppq(song_.settings.source_at_ppq);
        const SourceLoading::Outcome outcome = loading_->step(song_, start);
        if (outcome != SourceLoading::Outcome::more) finish_loading(outcome);
    }
    return taking_ || loading_;
}

void SourceKeeper::finish_taking() {
    song_.source = taking_->finish(on_disk_);
    taken_revision_ = taking_->revision();
    taking_.reset();
    song_.settings.captured = looked_for_ = song_.source->hash;
    song_.settings.source_at_ppq = place_of(song_.source->start);
    song_.details.settle(Topic::source);
    if (!on_disk_) {
        song_.details.say(Topic::source, "The captured sound can't be kept on disk (" + folder_ +
                                             "); after the project is opened again, play the track once.");
    }
    if (missing_) told_.reset();
    missing_ = false;
}

/// A source that the project names and that isn't known yet may lie on disk.
void SourceKeeper::look_on_disk() {
    const std::string& hash = song_.settings.wanted_hash();
    if (hash.empty() || hash == looked_for_ || song_.source || taking_ || loading_) return;
    looked_for_ = hash;
    std::optional<SourceReader> reader = SourceReader::open(folder_, hash);
    const bool captured = song_.settings.source == SourceKind::track;
    if (reader) loading_ = std::make_unique<SourceLoading>(std::move(*reader), hash, captured);
}

void SourceKeeper::finish_loading(SourceLoading::Outcome outcome) {
    const std::unique_ptr<SourceLoading> loaded = std::move(loading_);
    if (loaded->hash() != song_.settings.wanted_hash()) return;  // the user has chosen another one meanwhile
    if (outcome == SourceLoading::Outcome::broken) {
        song_.capture.clear();
        remove_source(folder_, loaded->hash());
        song_.details.say(Topic::source, "The file of the captured sound was broken; play the track once.");
        return;
    }
    const std::int64_t start = song_.timeline.grid().sample_of_ppq(song_.settings.source_at_ppq);
    song_.source = KnownSource{loaded->hash(), start, loaded->frames(), loaded->rate_hz()};
    taken_revision_ = song_.capture.revision();
    on_disk_ = true;
    if (missing_) told_.reset();
    missing_ = false;
}

// ---------------------------------------------------------------- in a session

/// Where a source that begins at a song sample lies, so that it begins on that very sample.
double SourceKeeper::place_of(std::int64_t start) const {
    const BarGrid& grid = song_.timeline.grid();
    const std::int64_t bar = grid.bar_of_sample(start);
    return grid.sample(bar) == start ? grid.meter().bar_start(bar) : grid.ppq_of_sample(start);
}

SourceKeeper::Use SourceKeeper::wanted(int live_bars) const {
    if (live_bars > 0) return {{}, 0.0, live_bars};
    const std::string& hash = song_.settings.wanted_hash();
    if (hash.empty()) return {};
    return {hash, song_.source ? place_of(song_.source->start) : song_.settings.source_at_ppq, 0};
}

bool SourceKeeper::settled(int live_bars) const {
    if (taking_ || loading_ || waiting_) return false;
    return missing_ || told_ == wanted(live_bars);
}

bool SourceKeeper::can_upload() const {
    if (!song_.source) return false;
    const bool in_capture = song_.settings.source == SourceKind::track &&
        song_.source->rate_hz == song_.rate_hz() &&
                            taken_revision_ == song_.capture.revision();
    return in_capture || on_disk_;
}

void SourceKeeper::start_upload() {
    const KnownSource source = *song_.source;
    std::shared_ptr<SourceReader> reader;
    if (on_disk_) {
        std::optional<SourceReader> opened = SourceReader::open(folder_, source.hash);
        if (opened) reader = std::make_shared<SourceReader>(std::move(*opened));
    }
    const std::uint64_t revision = song_.capture.revision();
    upload_ = std::make_unique<SourceUpload>(
        requests_, source, [this, reader, source, revision](std::int64_t first, std::int64_t frames,
                                                            float* to) {
            if (reader) return reader->read(first, frames, to);
            song_.capture.read(source.start + first, frames, to);
            return song_.capture.revision() == revision;
        });
}

/// Whether the engine has the source, or it is to be tried without sending it.
bool SourceKeeper::sent(const std::string& hash) {
    if (hash.empty() || there_.count(hash) > 0) return true;
    if (upload_ && upload_->hash() != hash) upload_->cancel();
    if (!upload_) {
        if (!can_upload()) return true;
        start_upload();
    }
    upload_->step();
    if (upload_->state() == SourceUpload::State::done) {
        there_.insert(hash);
        upload_.reset();
        return true;
    }
    if (upload_->state() != SourceUpload::State::failed || !upload_->quiet()) return false;
    if (upload_->hash() == hash) {
        song_.details.say(Topic::source, "The source can't be sent: " + upload_->words());
        missing_ = true;
        told_ = wanted(0);  // not again before something else is wanted
    }
    upload_.reset();
    return false;
}

void SourceKeeper::tell(int live_bars) {
    const Use use = wanted(live_bars);
    if (song_.source && live_bars == 0) song_.settings.source_at_ppq = use.at_ppq;
    if (waiting_ || taking_ || loading_) return;
    if (told_ == use) {
        if (!missing_) wet_ = range_of(use);
        return;
    }
    missing_ = false;
    if (sent(use.hash)) put_to_use(use);
}

void SourceKeeper::put_to_use(const Use& use) {
    protocol::SourceUse message;
    message.hash = use.hash;
    message.at_ppq = use.at_ppq;
    message.live_bars = use.live_bars;
    waiting_ = true;
    requests_.ask(message, [this, use](const protocol::Ok*, const protocol::Error* error) {
        waiting_ = false;
        told_ = use;
        if (error == nullptr) {
            song_.details.settle(Topic::source);
            wet_ = range_of(use);
            return;
        }
        wet_ = {};
        there_.erase(use.hash);
        missing_ = true;
        const bool unknown = error->code == protocol::codes::kUnknownSource;
        song_.details.say(Topic::source,
                unknown ? "The project's source is neither here nor in the engine; play the track once."
                                                 : "The source can't be used: " + error->message);
    });
}

SampleRange SourceKeeper::range_of(const Use& use) const {
    if (use.live_bars > 0) return kWholeSong;
    if (use.hash.empty()) return song_.settings.source == SourceKind::none ? kWholeSong : SampleRange{};
    if (song_.source && song_.source->hash == use.hash) return song_.source->range(song_.rate_hz());
    return kWholeSong;
}

}  // namespace anacrusis
