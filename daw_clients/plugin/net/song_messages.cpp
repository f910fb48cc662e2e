#include "net/song_messages.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>

#include "net/base64.hpp"

namespace anacrusis {
namespace {

constexpr std::size_t kMostSignatures = 2'000;
constexpr double kLeastNotePpq = 1e-4, kLongestNotePpq = 1e5, kMostPpq = 1e6;
constexpr std::int64_t kFarthestFrame = 25LL * 1'000'000;  // what a start of 1e6 seconds is

template <class Message>
std::optional<Message> read_message(const msgpack::object& object) {
    try {
        Message message;
        protocol::read(object, protocol::Path(), message);
        return message;
    } catch (const protocol::ProtocolError&) {
        return std::nullopt;
    }
}

/// The msgpack value in a text; ``use`` is called with it while it lives. False where there is none.
template <class Use>
bool with_value(std::string_view text, std::size_t longest, const Use& use) {
    if (text.size() > longest) return false;
    const std::optional<Bytes> bytes = base64_decode(text);
    if (!bytes || bytes->empty()) return false;
    const std::string octets(bytes->begin(), bytes->end());
    try {
        std::size_t end = 0;
        const msgpack::object_handle handle = protocol::parse_value(octets.data(), octets.size(), end);
        return end == octets.size() && use(handle.get());
    } catch (const protocol::ProtocolError&) {
        return false;
    }
}

std::string text_of(const std::string& octets) { return base64_encode(Bytes(octets.begin(), octets.end())); }

}  // namespace

protocol::TempoMapMessage tempo_map_message(const Timeline& timeline, std::int64_t revision) {
    protocol::TempoMapMessage message;
    message.revision = revision;
    for (const TempoStep& step : timeline.tempo()) {
        message.tempo.push_back({step.ppq, step.bpm, step.bpm, protocol::TempoLaw::step});
    }
    for (const MeterChange& change : timeline.grid().meter().changes()) {
        protocol::MeterEntry entry;
        entry.bar = change.bar + 1;
        entry.numerator = change.signature.numerator;
        entry.denominator = change.signature.denominator;
        if (change.cuts) entry.ppq = change.ppq;
        message.meter.push_back(entry);
    }
    return message;
}

bool restore_map(Timeline& timeline, const protocol::TempoMapMessage& message, double shift) {
    std::vector<TempoStep> tempo;
    for (const protocol::TempoEntry& entry : message.tempo) {
        const bool first = tempo.empty();
        const bool in_order = first ? entry.ppq == 0.0 : entry.ppq - tempo.back().ppq >= kMinStepPpq;
        const bool legal = entry.bpm_start >= kMinBpm && entry.bpm_start <= kMaxBpm && entry.ppq <= kMostPpq;
        if (!in_order || !legal || entry.law != protocol::TempoLaw::step) return false;
        tempo.push_back({entry.ppq, entry.bpm_start});
    }
    if (message.meter.size() > kMostSignatures) return false;
    std::vector<PlacedSignature> meter;
    for (const protocol::MeterEntry& entry : message.meter) {
        const Signature signature{static_cast<int>(entry.numerator), static_cast<int>(entry.denominator)};
        if (!signature.legal()) return false;
        double ppq = 0.0;
        if (!meter.empty()) ppq = entry.ppq.value_or(MeterBars(meter).bar_start(entry.bar - 1));
        if (!meter.empty() && !(ppq - meter.back().ppq > kMinStepPpq && ppq <= kMostPpq)) return false;
        meter.push_back({ppq, signature});
    }
    if (tempo.empty() || meter.empty() || !std::isfinite(shift)) return false;
    timeline.restore(tempo, meter, shift);
    return true;
}

std::vector<protocol::LaneMessage> lane_messages(const char* parameter, const LaneMemory& memory,
                                                 std::int64_t from) {
    std::vector<protocol::LaneMessage> messages;
    for (LaneMemory::Piece& piece : memory.pieces_from(from)) {
        protocol::LaneMessage message;
        message.parameter = parameter;
        message.start = static_cast<double>(piece.first) / static_cast<double>(kCurveRateHz);
        message.rate = static_cast<double>(kCurveRateHz);
        message.count = static_cast<std::int64_t>(piece.values.size());
        message.values = std::move(piece.values);
        message.onwards = true;
        messages.push_back(std::move(message));
    }
    return messages;
}

bool restore_lane(Automation& automation, const protocol::LaneMessage& message) {
    int control = 0;
    while (control < kControlCount && message.parameter != kControls[control].name) ++control;
    const double frame = message.start * static_cast<double>(kCurveRateHz);
    const bool on_grid = message.rate == static_cast<double>(kCurveRateHz) && frame >= 0.0 &&
        frame <= kFarthestFrame;
    if (control == kControlCount || !Automation::is_lane(control) || !on_grid) return false;
    const double low = plain_number(kControls[control].minimum),
        high = plain_number(kControls[control].maximum);
    const bool in_range = std::all_of(message.values.begin(), message.values.end(),
                                      [&](double value) { return value >= low && value <= high; });
    if (!in_range) return false;
    automation.memory(control).restore(std::llrint(frame), message.values);
    return true;
}

protocol::Notes notes_message(const NotesMemory& notes, const BarGrid& grid, std::int64_t revision) {
    protocol::Notes message;
    message.revision = revision;
    message.clear = notes.empty();
    for (const HeardNote& heard : notes.notes()) {
        protocol::Note note;
        note.ppq = grid.ppq_of_sample(heard.sample);
        const double end = grid.ppq_of_sample(heard.sample + heard.length);
        note.length_ppq = std::clamp(end - note.ppq, kLeastNotePpq, kLongestNotePpq);
        note.pitch = heard.pitch;
        note.velocity = heard.velocity;
        note.channel = heard.channel;
        message.notes.push_back(note);
    }
    return message;
}

std::vector<HeardNote> heard_notes(const std::vector<protocol::Note>& notes, const BarGrid& grid) {
    std::vector<HeardNote> heard;
    for (const protocol::Note& note : notes) {
        const std::int64_t start = grid.sample_of_ppq(note.ppq);
        const std::int64_t end = grid.sample_of_ppq(note.ppq + note.length_ppq);
        if (start < 0) continue;
        heard.push_back({start, std::max<std::int64_t>(end - start, 1), static_cast<std::uint8_t>(note.pitch),
                         static_cast<std::uint8_t>(note.velocity), static_cast<std::uint8_t>(note.channel)});
    }
    return heard;
}

template <class Message>
std::string message_text(const Message& message) {
    return text_of(protocol::encode(message));
}

template <class Message>
std::string messages_text(const std::vector<Message>& messages) {
    protocol::Writer writer;
    protocol::put(writer, messages);
    return text_of(writer.take());
}

template <class Message>
std::optional<Message> message_of_text(std::string_view text, std::size_t longest) {
    std::optional<Message> message;
    with_value(text, longest, [&](const msgpack::object& object) {
        message = read_message<Message>(object);
        return true;
    });
    return message;
}

template <class Message>
std::optional<std::vector<Message>> messages_of_text(std::string_view text, std::size_t longest) {
    std::vector<Message> messages;
    const bool read = with_value(text, longest, [&](const msgpack::object& object) {
        if (object.type != msgpack::type::ARRAY) return false;
        for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
            std::optional<Message> message = read_message<Message>(object.via.array.ptr[i]);
            if (!message) return false;
            messages.push_back(std::move(*message));
        }
        return true;
    });
    if (!read) return std::nullopt;
    return messages;
}

template std::string message_text(const protocol::TempoMapMessage&);
template std::string message_text(const protocol::Notes&);
template std::string messages_text(const std::vector<protocol::LaneMessage>&);
template std::optional<protocol::TempoMapMessage> message_of_text(std::string_view, std::size_t);
template std::optional<protocol::Notes> message_of_text(std::string_view, std::size_t);
template std::optional<std::vector<protocol::LaneMessage>> messages_of_text(std::string_view, std::size_t);

}  // namespace anacrusis
