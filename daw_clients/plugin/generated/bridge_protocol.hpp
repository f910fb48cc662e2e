// Made from bridge_protocol/schema.py, wire.py and errors.py by `make docs`; do not edit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace anacrusis::protocol {

inline constexpr int kVersionMin = 1;
inline constexpr int kVersionMax = 1;

/// Frame 0 of every message; the last byte is the version.
inline constexpr char kMagic[4] = {'\x41', '\x4e', '\x42', '\x01'};
inline constexpr std::size_t kMaxHeaderBytes = 4194304;
inline constexpr std::size_t kMaxPayloadBytes = 8388608;
inline constexpr std::size_t kMaxMessageBytes = 12582976;
inline constexpr std::size_t kMaxConditions = 8;
inline constexpr std::size_t kMaxValues = 400000;
inline constexpr std::size_t kMaxPoints = 65536;

/// What went wrong.
namespace codes {
inline constexpr const char* kBadMessage = "BAD_MESSAGE";
inline constexpr const char* kBadField = "BAD_FIELD";
inline constexpr const char* kUnknownType = "UNKNOWN_TYPE";
inline constexpr const char* kVersion = "VERSION";
inline constexpr const char* kNotSignedIn = "NOT_SIGNED_IN";
inline constexpr const char* kBadToken = "BAD_TOKEN";
inline constexpr const char* kNotGreeted = "NOT_GREETED";
inline constexpr const char* kOutOfRange = "OUT_OF_RANGE";
inline constexpr const char* kNotFinite = "NOT_FINITE";
inline constexpr const char* kWrongLength = "WRONG_LENGTH";
inline constexpr const char* kBadOrder = "BAD_ORDER";
inline constexpr const char* kBadNotation = "BAD_NOTATION";
inline constexpr const char* kUnknownParameter = "UNKNOWN_PARAMETER";
inline constexpr const char* kUnknownSource = "UNKNOWN_SOURCE";
inline constexpr const char* kUnknownStream = "UNKNOWN_STREAM";
inline constexpr const char* kCannotHear = "CANNOT_HEAR";
inline constexpr const char* kHashMismatch = "HASH_MISMATCH";
inline constexpr const char* kEmptySource = "EMPTY_SOURCE";
inline constexpr const char* kFileMissing = "FILE_MISSING";
inline constexpr const char* kFileBroken = "FILE_BROKEN";
inline constexpr const char* kRangePastEnd = "RANGE_PAST_END";
inline constexpr const char* kTooLate = "TOO_LATE";
inline constexpr const char* kEngineSlow = "ENGINE_SLOW";
inline constexpr const char* kLimit = "LIMIT";
inline constexpr const char* kPortInUse = "PORT_IN_USE";
inline constexpr const char* kNoEngine = "NO_ENGINE";
inline constexpr const char* kNotInstalled = "NOT_INSTALLED";
inline constexpr const char* kCancelled = "CANCELLED";
inline constexpr const char* kInternal = "INTERNAL";
}  // namespace codes

enum class SignInAudio : std::uint8_t { blocks, files };

enum class TempoLaw : std::uint8_t { step, linear_time, linear_beats };

enum class Shape : std::uint8_t { hold, linear, smooth, fast_start, fast_end, exponential, bezier };

enum class WhenKind : std::uint8_t { bar, next_bar, next_beat, now, ppq };

enum class Anchor : std::uint8_t { ppq, seconds };

enum class PromptSlot : std::uint8_t { a, b, negative };

enum class SourceRole : std::uint8_t { source, structure, target, timbre };

enum class SourceTempoKind : std::uint8_t { host, own };

enum class PayloadFormat : std::uint8_t { f16, f32, s16 };

enum class OpenStreamLatency : std::uint8_t { adaptive, fixed };

enum class PulseState : std::uint8_t { busy, hung, idle };

enum class PromiseMessageStatus : std::uint8_t { broken, kept, moved, replaced };

/// The first message through the gateway (never over ZeroMQ), before the hello.
///
/// ``audio``: the sound comes as ``audio`` blocks, or as WAV files that ``audio_file`` announces;
/// those are deleted when the connection ends, unless ``keep_files``.
struct SignIn {
    static constexpr const char* kTag = "sign_in";
    std::string token;  // required
    SignInAudio audio = SignInAudio::blocks;
    bool keep_files = false;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The first message of a client; nothing else is legal before it is welcomed.
struct Hello {
    static constexpr const char* kTag = "hello";
    std::int64_t version_min = 1;
    std::int64_t version_max = 1;
    std::string client;
    std::string host;
    std::vector<std::string> features;
    std::int64_t sample_rate = 48000;
    std::int64_t block_size = 512;
    std::int64_t channels = 2;
    std::string resume_token;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Is the process alive?
struct Ping {
    static constexpr const char* kTag = "ping";
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The client leaves; its streams end.
struct Bye {
    static constexpr const char* kTag = "bye";
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A locate the host will make: at ``at_ppq`` it goes on from ``to_ppq``, in a new epoch.
struct Jump {
    double at_ppq = 0.0;  // required
    double to_ppq = 0.0;  // required
    std::int64_t epoch = 0;  // required
};

/// The host's position, sent at every change and at 10 Hz.
///
/// A locate or a change of the tempo carries a new ``epoch``, whose address 0 is at its first
/// ``sample``. What goes on from where it was carries none, so that blocks can be there before:
/// a start after a stop in the same place, and a wrap at the end of an announced loop, whose
/// passes are counted by ``lap``. A changed loop replaces the blocks beyond the first difference.
struct Transport {
    static constexpr const char* kTag = "transport";
    std::int64_t epoch = 0;  // required
    std::int64_t sample = 0;  // required
    std::int64_t address = 0;  // required
    bool playing = false;  // required
    std::int64_t lap = 0;
    std::optional<std::int64_t> left;
    std::optional<std::int64_t> gap_start;
    std::int64_t gap_end = 0;
    std::optional<double> ppq;
    std::optional<double> bar_start_ppq;
    std::optional<double> bpm;
    std::optional<std::int64_t> numerator;
    std::optional<std::int64_t> denominator;
    bool recording = false;
    bool looping = false;
    double loop_start_ppq = 0.0;
    double loop_end_ppq = 0.0;
    std::optional<Jump> jump;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// One tempo segment; see :class:`bridge_protocol.tempo.TempoSegment`.
struct TempoEntry {
    double ppq = 0.0;  // required
    double bpm_start = 0.0;  // required
    double bpm_end = 0.0;  // required
    TempoLaw law = TempoLaw::step;
};

/// A signature from ``bar`` on; ``ppq`` is where it starts if the bar before it is cut short.
///
/// See :class:`bridge_protocol.meter.SignatureChange`.
struct MeterEntry {
    std::int64_t bar = 0;  // required
    std::int64_t numerator = 0;  // required
    std::int64_t denominator = 0;  // required
    std::optional<double> ppq;
};

/// The whole tempo and meter map; replaces the one before.
struct TempoMapMessage {
    static constexpr const char* kTag = "tempo_map";
    std::int64_t revision = 0;  // required
    std::vector<TempoEntry> tempo;  // required
    std::vector<MeterEntry> meter;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A breakpoint; ``shape`` is that of the stretch up to the next, ``tension`` its bezier's.
struct LanePoint {
    double position = 0.0;  // required
    double value = 0.0;  // required
    Shape shape = Shape::linear;
    double tension = 0.0;
};

/// When a change is wanted: ``bar`` needs ``bar``, ``ppq`` needs ``ppq``.
struct When {
    WhenKind kind = WhenKind::now;
    std::optional<std::int64_t> bar;
    std::optional<double> ppq;
};

/// An automation lane: either ``points``, or ``values`` at ``rate`` from ``start`` (seconds).
///
/// ``points`` replace the lane; ``values`` replace their range, with ``onwards`` also what the lane
/// had after them. Idempotent by ``revision``.
struct LaneMessage {
    static constexpr const char* kTag = "lane";
    std::string parameter;  // required
    std::int64_t revision = 0;  // required
    std::int64_t epoch = 0;
    Anchor anchor = Anchor::ppq;
    std::vector<LanePoint> points;
    double start = 0.0;
    double rate = 25.0;
    std::int64_t count = 0;
    std::vector<double> values;
    bool onwards = false;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Removes a lane; the parameter holds its own value again.
struct LaneClear {
    static constexpr const char* kTag = "lane_clear";
    std::string parameter;  // required
    std::int64_t revision = 0;  // required
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A MIDI note in song time; channel 10 is the drums.
struct Note {
    double ppq = 0.0;  // required
    double length_ppq = 0.0;  // required
    std::int64_t pitch = 0;  // required
    std::int64_t velocity = 100;
    std::int64_t channel = 1;
};

/// The host's MIDI; replaces what was sent before. An empty list is silence, see ``clear``.
struct Notes {
    static constexpr const char* kTag = "notes";
    std::int64_t revision = 0;  // required
    std::vector<Note> notes;
    bool clear = false;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// One value of a parameter (a choice by its name).
struct Param {
    static constexpr const char* kTag = "param";
    std::string parameter;  // required
    std::variant<double, std::string> value;  // required
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A hand on a knob (``touched``), or off it again.
///
/// The values it sends as ``param`` from then on rule the parameter's lane, until the release.
struct Gesture {
    static constexpr const char* kTag = "gesture";
    std::string parameter;  // required
    bool touched = false;  // required
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// What the music should be, in words.
///
/// ``slot``: ``b`` is where prompt_blend goes, ``negative`` what guidance leads away from.
struct Prompt {
    static constexpr const char* kTag = "prompt";
    std::string text;  // required
    PromptSlot slot = PromptSlot::a;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A prompt of several, heard with ``weight`` (or along ``points``, in ppq) on part of the steps.
///
/// It is active at step ``i`` of ``S`` where ``start <= i / S < stop``.
struct ConditionEntry {
    std::string text;  // required
    double weight = 1.0;
    std::vector<LanePoint> points;
    double start = 0.0;
    double stop = 1.0;
};

/// Several prompts at once, in place of the one; an empty list goes back to it.
struct Conditions {
    static constexpr const char* kTag = "conditions";
    std::vector<ConditionEntry> entries;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Puts a LoRA of the engine's library into a place (or takes it out, with an empty name).
///
/// How strongly it is heard is the parameter ``lora_<place>``, which can be a lane.
struct LoraUse {
    static constexpr const char* kTag = "lora_use";
    std::int64_t place = 0;  // required
    std::string name;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Asks which models and LoRAs the engine has; answered by ``library``.
struct ListLibrary {
    static constexpr const char* kTag = "list_library";
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Asks for another model, for the whole engine.
///
/// ``ok`` says that it is there, fits the memory and is being loaded; the old one plays until
/// ``model_changed`` is sent to every session. Where loading fails a ``notice`` says why.
struct ModelUse {
    static constexpr const char* kTag = "model_use";
    std::string name;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Announces source audio, named by the SHA-256 of its interleaved little-endian f32 samples.
struct SourceBegin {
    static constexpr const char* kTag = "source_begin";
    std::string hash;  // required
    std::int64_t rate = 0;  // required
    std::int64_t channels = 0;  // required
    std::int64_t frames = 0;  // required
    std::string name;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A piece of a source; the interleaved f32 samples are the message's payload.
struct SourceBlock {
    static constexpr const char* kTag = "source_block";
    std::string hash;  // required
    std::int64_t offset = 0;  // required
    std::int64_t frames = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The source is complete; its hash is checked.
struct SourceEnd {
    static constexpr const char* kTag = "source_end";
    std::string hash;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Places a source in the song (or takes it away, with an empty hash).
///
/// ``live_bars``: the source is the track's own input, sent as ``live_block``; what is played in a
/// bar is heard so many bars later. It needs no hash, and more bars than ``window_bars``.
///
/// ``repeat_bars``: it starts again at every so many bar lines; 0 plays it once. ``tempo``: a
/// source that follows the ``host`` already is left as it is, bit for bit; one with its ``own``
/// steady tempo is stretched to the host's map, its first bar line laid on ``at_ppq``.
struct SourceUse {
    static constexpr const char* kTag = "source_use";
    std::string hash;  // required
    SourceRole role = SourceRole::source;
    double at_ppq = 0.0;
    std::int64_t repeat_bars = 0;
    std::int64_t live_bars = 0;
    SourceTempoKind tempo = SourceTempoKind::host;
    std::optional<double> bpm;
    std::optional<double> downbeat;
    When when;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// What the track has played: song samples from ``sample`` on, in the pass ``lap`` of ``epoch``.
///
/// The interleaved f32 samples, in the session's channels, are the message's payload. A report:
/// no reply where it is taken.
struct LiveBlock {
    static constexpr const char* kTag = "live_block";
    std::int64_t epoch = 0;  // required
    std::int64_t lap = 0;  // required
    std::int64_t sample = 0;  // required
    std::int64_t frames = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Asks for the song as audio; it flows on credit only.
///
/// ``latency`` says when a change wanted ``now`` is heard: ``adaptive`` is as soon as the engine
/// can; ``fixed`` is always ``latency_ms`` after the host's place when the change came (0: the
/// engine says how long, with ``buffer_frames`` of audio kept in the client).
struct OpenStream {
    static constexpr const char* kTag = "open_stream";
    std::int64_t stream = 0;  // required
    std::int64_t window_bars = 4;
    PayloadFormat format = PayloadFormat::f32;
    OpenStreamLatency latency = OpenStreamLatency::adaptive;
    double latency_ms = 0.0;
    std::int64_t buffer_frames = 0;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Ends a stream.
struct CloseStream {
    static constexpr const char* kTag = "close_stream";
    std::int64_t stream = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The engine may send blocks of ``epoch`` up to the address ``frames``.
///
/// Cumulative: a lost or repeated credit changes nothing. A grant acknowledges what came before.
/// The epoch of an announced jump is granted by its own credit, before the jump.
struct Credit {
    static constexpr const char* kTag = "credit";
    std::int64_t stream = 0;  // required
    std::int64_t epoch = 0;  // required
    std::int64_t frames = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Renders bars ``first_bar`` to ``last_bar`` (both included) offline, as stream ``stream``, on credit.
struct Render {
    static constexpr const char* kTag = "render";
    std::int64_t stream = 0;  // required
    std::int64_t first_bar = 0;  // required
    std::int64_t last_bar = 0;  // required
    std::int64_t window_bars = 4;
    PayloadFormat format = PayloadFormat::f32;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Ends a render early.
struct Cancel {
    static constexpr const char* kTag = "cancel";
    std::int64_t stream = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// What the engine takes from one client.
struct Limits {
    std::int64_t message_bytes = 0;  // required
    std::int64_t lanes = 0;  // required
    std::int64_t sources = 0;  // required
    std::int64_t source_frames = 0;  // required
    std::int64_t streams = 0;  // required
    std::int64_t credit_frames = 0;  // required
    std::int64_t notes = 0;  // required
};

/// A parameter as the manifest tells it; see :class:`bridge_protocol.parameters.ParameterSpec`.
struct ParameterInfo {
    std::string name;  // required
    std::string unit;  // required
    double minimum = 0.0;  // required
    double maximum = 0.0;  // required
    double default_ = 0.0;  // required
    std::string law;  // required
    std::string propagation;  // required
    bool lane = false;  // required
    std::string help;  // required
    std::vector<std::string> choices;  // required
};

/// The model that plays.
struct ModelInfo {
    std::string name;  // required
    std::string accelerator;  // required
    std::int64_t sample_rate = 0;  // required
    std::int64_t channels = 0;  // required
    double frame_rate = 0.0;  // required
    std::vector<std::string> capabilities;  // required
    double longest_window_seconds = 0.0;  // required
    bool lossy_codec = false;  // required
};

/// The answer to a hello that was taken.
struct Welcome {
    static constexpr const char* kTag = "welcome";
    std::int64_t version = 0;  // required
    std::string resume_token;  // required
    std::vector<std::string> features;  // required
    Limits limits{};  // required
    std::vector<ParameterInfo> parameters;  // required
    ModelInfo model{};  // required
    double tick_ms = 0.0;  // required
    double decode_realtime_factor = 0.0;  // required
    std::int64_t clock = 0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The answer to a hello that was not taken, in words for the user.
struct Refused {
    static constexpr const char* kTag = "refused";
    std::string code;  // required
    std::string message;  // required
    std::vector<std::int64_t> versions;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A request was taken. ``bar`` and ``sample`` are the promise, where the request is a change.
struct Ok {
    static constexpr const char* kTag = "ok";
    std::optional<std::int64_t> bar;
    std::optional<std::int64_t> sample;
    std::optional<std::int64_t> epoch;
    std::optional<std::int64_t> latency_frames;
    std::optional<bool> have;
    std::string text;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A request was refused; nothing accepted before is changed.
struct Error {
    static constexpr const char* kTag = "error";
    std::string code;  // required
    std::string field;  // required
    std::string message;  // required
    std::optional<std::int64_t> next_bar;
    std::optional<std::int64_t> next_sample;
    std::optional<std::int64_t> last_bar;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// It is.
struct Pong {
    static constexpr const char* kTag = "pong";
    std::int64_t clock = 0;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Is the engine ticking? Sent 4 times a second.
struct Pulse {
    static constexpr const char* kTag = "pulse";
    std::int64_t tick = 0;  // required
    std::int64_t generations = 0;  // required
    double tick_ms = 0.0;  // required
    double tick_ms_p99 = 0.0;  // required
    double busy_ms = 0.0;  // required
    double load = 0.0;  // required
    double lead_ms = 0.0;  // required
    double horizon_ms = 0.0;  // required
    std::int64_t late_bars = 0;  // required
    std::int64_t repeated_bars = 0;  // required
    std::int64_t every = 0;  // required
    double silent_ms = 0.0;  // required
    PulseState state{};  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Words for the user that answer no request.
struct Notice {
    static constexpr const char* kTag = "notice";
    std::string code;  // required
    std::string message;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A model that ``model_use`` can ask for; ``ready`` is false where its files are not there.
struct LibraryModel {
    std::string name;  // required
    bool ready = false;  // required
    std::string text;  // required
};

/// A LoRA that ``lora_use`` can ask for; ``fits`` says whether it is for the model that plays.
struct LibraryLora {
    std::string name;  // required
    bool fits = false;  // required
    std::vector<std::string> trigger_words;  // required
    double strength = 0.0;  // required
    std::string text;  // required
};

/// What the engine has.
struct Library {
    static constexpr const char* kTag = "library";
    std::vector<LibraryModel> models;  // required
    std::vector<LibraryLora> loras;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// Another model plays from here on, with its own parameters; lanes and prompts are kept.
struct ModelChanged {
    static constexpr const char* kTag = "model_changed";
    ModelInfo model{};  // required
    std::vector<ParameterInfo> parameters;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// What became of a change: ``kept`` on its sample, ``broken`` with the reason, or ``replaced``
/// by a newer value before it could be heard. ``moved`` is promised again, at ``sample``, after an
/// edit of the tempo map; one of the others follows.
struct PromiseMessage {
    static constexpr const char* kTag = "promise";
    std::int64_t change = 0;  // required
    PromiseMessageStatus status{};  // required
    std::string parameter;  // required
    std::int64_t bar = 0;  // required
    std::int64_t sample = 0;  // required
    std::int64_t promised_sample = 0;  // required
    std::int64_t epoch = 0;  // required
    std::int64_t lap = 0;  // required
    std::int64_t ticks = 0;  // required
    std::string reason;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A bar line inside a block: bar number (from 1) and its frame in the block.
struct BarMark {
    std::int64_t bar = 0;  // required
    std::int64_t offset = 0;  // required
};

/// A crossfade that ends in a block: its first frame (counted in the block, negative where it
/// began in an earlier one), its frames, and the largest step that it adds to the sound.
struct JoinMark {
    std::int64_t offset = 0;  // required
    std::int64_t frames = 0;  // required
    double step = 0.0;  // required
};

/// A block; the samples are the payload, interleaved. Whole and absolute: losing one harms no other.
struct Audio {
    static constexpr const char* kTag = "audio";
    std::int64_t stream = 0;  // required
    std::int64_t epoch = 0;  // required
    std::int64_t lap = 0;  // required
    std::int64_t sequence = 0;  // required
    std::int64_t address = 0;  // required
    std::int64_t sample = 0;  // required
    std::int64_t frames = 0;  // required
    std::int64_t channels = 0;  // required
    PayloadFormat format{};  // required
    std::int64_t generation = 0;  // required
    std::int64_t state = 0;  // required
    std::vector<std::pair<std::string, std::int64_t>> revisions;
    std::vector<BarMark> bars;
    std::vector<JoinMark> joins;
    bool late = false;
    bool dry = false;
    bool last = false;
    bool ends_bar = false;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// A bar as a 32-bit float WAV, through the gateway, where the client signed in for files.
///
/// The file is whole when it is announced, and is never changed. ``hash`` is the SHA-256 of its
/// bytes. Of files that share addresses of one stream and epoch, the later ``sequence`` counts.
struct AudioFile {
    static constexpr const char* kTag = "audio_file";
    std::int64_t stream = 0;  // required
    std::int64_t epoch = 0;  // required
    std::int64_t lap = 0;  // required
    std::int64_t sequence = 0;  // required
    std::int64_t address = 0;  // required
    std::int64_t sample = 0;  // required
    std::int64_t bar = 0;  // required
    std::int64_t frames = 0;  // required
    std::int64_t channels = 0;  // required
    std::int64_t rate = 0;  // required
    std::string path;  // required
    std::string hash;  // required
    std::int64_t state = 0;  // required
    bool late = false;
    bool dry = false;
    bool last = false;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// How far a render is.
struct RenderProgress {
    static constexpr const char* kTag = "render_progress";
    std::int64_t stream = 0;  // required
    std::int64_t done_bars = 0;  // required
    std::int64_t total_bars = 0;  // required
    double seconds_left = 0.0;  // required
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// The end of a render.
struct RenderDone {
    static constexpr const char* kTag = "render_done";
    std::int64_t stream = 0;  // required
    std::int64_t frames = 0;  // required
    bool cancelled = false;
    std::string session;
    std::int64_t seq = 0;
    std::optional<std::int64_t> re;
    std::int64_t at = 0;
};

/// What a client sends.
using ClientMessage = std::variant<
    SignIn,
    Hello,
    Ping,
    Bye,
    Transport,
    TempoMapMessage,
    LaneMessage,
    LaneClear,
    Notes,
    Param,
    Gesture,
    Prompt,
    Conditions,
    LoraUse,
    ListLibrary,
    ModelUse,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    LiveBlock,
    OpenStream,
    CloseStream,
    Credit,
    Render,
    Cancel>;

/// What the engine sends.
using EngineMessage = std::variant<
    Welcome,
    Refused,
    Ok,
    Error,
    Pong,
    Pulse,
    Notice,
    Library,
    ModelChanged,
    PromiseMessage,
    Audio,
    AudioFile,
    RenderProgress,
    RenderDone>;

/// Any message of the bridge.
using AnyMessage = std::variant<
    SignIn,
    Hello,
    Ping,
    Bye,
    Transport,
    TempoMapMessage,
    LaneMessage,
    LaneClear,
    Notes,
    Param,
    Gesture,
    Prompt,
    Conditions,
    LoraUse,
    ListLibrary,
    ModelUse,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    LiveBlock,
    OpenStream,
    CloseStream,
    Credit,
    Render,
    Cancel,
    Welcome,
    Refused,
    Ok,
    Error,
    Pong,
    Pulse,
    Notice,
    Library,
    ModelChanged,
    PromiseMessage,
    Audio,
    AudioFile,
    RenderProgress,
    RenderDone>;

}  // namespace anacrusis::protocol

#include "core/protocol_fields.hpp"
#include "core/protocol_read.hpp"
#include "core/protocol_rules.hpp"
#include "core/protocol_write.hpp"

namespace anacrusis::protocol {

/// SignInAudio as it travels, by its value.
constexpr auto words_of(SignInAudio) noexcept { return Words<2>{{"blocks", "files"}}; }

/// TempoLaw as it travels, by its value.
constexpr auto words_of(TempoLaw) noexcept { return Words<3>{{"step", "linear_time", "linear_beats"}}; }

/// Shape as it travels, by its value.
constexpr auto words_of(Shape) noexcept { return Words<7>{{"hold", "linear", "smooth", "fast_start", "fast_end", "exponential", "bezier"}}; }

/// WhenKind as it travels, by its value.
constexpr auto words_of(WhenKind) noexcept { return Words<5>{{"bar", "next_bar", "next_beat", "now", "ppq"}}; }

/// Anchor as it travels, by its value.
constexpr auto words_of(Anchor) noexcept { return Words<2>{{"ppq", "seconds"}}; }

/// PromptSlot as it travels, by its value.
constexpr auto words_of(PromptSlot) noexcept { return Words<3>{{"a", "b", "negative"}}; }

/// SourceRole as it travels, by its value.
constexpr auto words_of(SourceRole) noexcept { return Words<4>{{"source", "structure", "target", "timbre"}}; }

/// SourceTempoKind as it travels, by its value.
constexpr auto words_of(SourceTempoKind) noexcept { return Words<2>{{"host", "own"}}; }

/// PayloadFormat as it travels, by its value.
constexpr auto words_of(PayloadFormat) noexcept { return Words<3>{{"f16", "f32", "s16"}}; }

/// OpenStreamLatency as it travels, by its value.
constexpr auto words_of(OpenStreamLatency) noexcept { return Words<2>{{"adaptive", "fixed"}}; }

/// PulseState as it travels, by its value.
constexpr auto words_of(PulseState) noexcept { return Words<3>{{"busy", "hung", "idle"}}; }

/// PromiseMessageStatus as it travels, by its value.
constexpr auto words_of(PromiseMessageStatus) noexcept { return Words<4>{{"broken", "kept", "moved", "replaced"}}; }

template <class Visit>
void visit_fields(Visit& visit, const SignIn*) {
    visit("token", &SignIn::token, Need::required, Text{256});
    visit("audio", &SignIn::audio, Need::optional);
    visit("keep_files", &SignIn::keep_files, Need::optional);
    visit("session", &SignIn::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &SignIn::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &SignIn::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &SignIn::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Hello*) {
    visit("version_min", &Hello::version_min, Need::optional, Whole{0, 255});
    visit("version_max", &Hello::version_max, Need::optional, Whole{0, 255});
    visit("client", &Hello::client, Need::optional, Text{64});
    visit("host", &Hello::host, Need::optional, Text{64});
    visit("features", &Hello::features, Need::optional, Count{0, 64}, Text{64});
    visit("sample_rate", &Hello::sample_rate, Need::optional, Whole{8000, 384000});
    visit("block_size", &Hello::block_size, Need::optional, Whole{1, 65536});
    visit("channels", &Hello::channels, Need::optional, Whole{1, 2});
    visit("resume_token", &Hello::resume_token, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("session", &Hello::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Hello::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Hello::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Hello::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Ping*) {
    visit("session", &Ping::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Ping::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Ping::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Ping::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Bye*) {
    visit("session", &Bye::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Bye::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Bye::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Bye::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Jump*) {
    visit("at_ppq", &Jump::at_ppq, Need::required, Real{-1000000.0, 1000000.0});
    visit("to_ppq", &Jump::to_ppq, Need::required, Real{-1000000.0, 1000000.0});
    visit("epoch", &Jump::epoch, Need::required, Whole{0, 9007199254740992});
}

template <class Visit>
void visit_fields(Visit& visit, const Transport*) {
    visit("epoch", &Transport::epoch, Need::required, Whole{0, 9007199254740992});
    visit("sample", &Transport::sample, Need::required, Whole{-140737488355328, 140737488355328});
    visit("address", &Transport::address, Need::required, Whole{0, 9007199254740992});
    visit("playing", &Transport::playing, Need::required);
    visit("lap", &Transport::lap, Need::optional, Whole{0, 9007199254740992});
    visit("left", &Transport::left, Need::optional, Whole{0, 9007199254740992});
    visit("gap_start", &Transport::gap_start, Need::optional, Whole{0, 9007199254740992});
    visit("gap_end", &Transport::gap_end, Need::optional, Whole{0, 9007199254740992});
    visit("ppq", &Transport::ppq, Need::optional, Real{-1000000.0, 1000000.0});
    visit("bar_start_ppq", &Transport::bar_start_ppq, Need::optional, Real{-1000000.0, 1000000.0});
    visit("bpm", &Transport::bpm, Need::optional, Real{20.0, 999.0});
    visit("numerator", &Transport::numerator, Need::optional, Whole{1, 64});
    visit("denominator", &Transport::denominator, Need::optional, Whole{1, 32});
    visit("recording", &Transport::recording, Need::optional);
    visit("looping", &Transport::looping, Need::optional);
    visit("loop_start_ppq", &Transport::loop_start_ppq, Need::optional, Real{-1000000.0, 1000000.0});
    visit("loop_end_ppq", &Transport::loop_end_ppq, Need::optional, Real{-1000000.0, 1000000.0});
    visit("jump", &Transport::jump, Need::optional);
    visit("session", &Transport::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Transport::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Transport::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Transport::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const TempoEntry*) {
    visit("ppq", &TempoEntry::ppq, Need::required, Real{-1000000.0, 1000000.0});
    visit("bpm_start", &TempoEntry::bpm_start, Need::required);
    visit("bpm_end", &TempoEntry::bpm_end, Need::required);
    visit("law", &TempoEntry::law, Need::optional);
}

template <class Visit>
void visit_fields(Visit& visit, const MeterEntry*) {
    visit("bar", &MeterEntry::bar, Need::required, Whole{1, 100000});
    visit("numerator", &MeterEntry::numerator, Need::required);
    visit("denominator", &MeterEntry::denominator, Need::required);
    visit("ppq", &MeterEntry::ppq, Need::optional, Real{-1000000.0, 1000000.0});
}

template <class Visit>
void visit_fields(Visit& visit, const TempoMapMessage*) {
    visit("revision", &TempoMapMessage::revision, Need::required, Whole{0, 9007199254740992});
    visit("tempo", &TempoMapMessage::tempo, Need::required, Count{1, 65536});
    visit("meter", &TempoMapMessage::meter, Need::required, Count{1, 65536});
    visit("session", &TempoMapMessage::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &TempoMapMessage::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &TempoMapMessage::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &TempoMapMessage::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const LanePoint*) {
    visit("position", &LanePoint::position, Need::required);
    visit("value", &LanePoint::value, Need::required);
    visit("shape", &LanePoint::shape, Need::optional);
    visit("tension", &LanePoint::tension, Need::optional);
}

template <class Visit>
void visit_fields(Visit& visit, const When*) {
    visit("kind", &When::kind, Need::optional);
    visit("bar", &When::bar, Need::optional, Whole{1, 100000});
    visit("ppq", &When::ppq, Need::optional, Real{-1000000.0, 1000000.0});
}

template <class Visit>
void visit_fields(Visit& visit, const LaneMessage*) {
    visit("parameter", &LaneMessage::parameter, Need::required, Text{64});
    visit("revision", &LaneMessage::revision, Need::required, Whole{0, 9007199254740992});
    visit("epoch", &LaneMessage::epoch, Need::optional, Whole{0, 9007199254740992});
    visit("anchor", &LaneMessage::anchor, Need::optional);
    visit("points", &LaneMessage::points, Need::optional, Count{0, 65536});
    visit("start", &LaneMessage::start, Need::optional, Real{-1000000.0, 1000000.0});
    visit("rate", &LaneMessage::rate, Need::optional, Real{0.0, 1000.0, true, false});
    visit("count", &LaneMessage::count, Need::optional, Whole{0, 400000});
    visit("values", &LaneMessage::values, Need::optional, Count{0, 400000});
    visit("onwards", &LaneMessage::onwards, Need::optional);
    visit("when", &LaneMessage::when, Need::optional);
    visit("session", &LaneMessage::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &LaneMessage::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &LaneMessage::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &LaneMessage::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const LaneClear*) {
    visit("parameter", &LaneClear::parameter, Need::required, Text{64});
    visit("revision", &LaneClear::revision, Need::required, Whole{0, 9007199254740992});
    visit("when", &LaneClear::when, Need::optional);
    visit("session", &LaneClear::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &LaneClear::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &LaneClear::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &LaneClear::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Note*) {
    visit("ppq", &Note::ppq, Need::required, Real{-1000000.0, 1000000.0});
    visit("length_ppq", &Note::length_ppq, Need::required, Real{0.0, 100000.0, true, false});
    visit("pitch", &Note::pitch, Need::required, Whole{0, 127});
    visit("velocity", &Note::velocity, Need::optional, Whole{1, 127});
    visit("channel", &Note::channel, Need::optional, Whole{1, 16});
}

template <class Visit>
void visit_fields(Visit& visit, const Notes*) {
    visit("revision", &Notes::revision, Need::required, Whole{0, 9007199254740992});
    visit("notes", &Notes::notes, Need::optional, Count{0, 65536});
    visit("clear", &Notes::clear, Need::optional);
    visit("when", &Notes::when, Need::optional);
    visit("session", &Notes::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Notes::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Notes::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Notes::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Param*) {
    visit("parameter", &Param::parameter, Need::required, Text{64});
    visit("value", &Param::value, Need::required, Real{}, Text{64});
    visit("when", &Param::when, Need::optional);
    visit("session", &Param::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Param::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Param::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Param::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Gesture*) {
    visit("parameter", &Gesture::parameter, Need::required, Text{64});
    visit("touched", &Gesture::touched, Need::required);
    visit("when", &Gesture::when, Need::optional);
    visit("session", &Gesture::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Gesture::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Gesture::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Gesture::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Prompt*) {
    visit("text", &Prompt::text, Need::required, Text{2000});
    visit("slot", &Prompt::slot, Need::optional);
    visit("when", &Prompt::when, Need::optional);
    visit("session", &Prompt::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Prompt::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Prompt::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Prompt::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const ConditionEntry*) {
    visit("text", &ConditionEntry::text, Need::required, Text{2000});
    visit("weight", &ConditionEntry::weight, Need::optional, Real{0.0, 100.0});
    visit("points", &ConditionEntry::points, Need::optional, Count{0, 65536});
    visit("start", &ConditionEntry::start, Need::optional, Real{0.0, 1.0});
    visit("stop", &ConditionEntry::stop, Need::optional, Real{0.0, 1.0});
}

template <class Visit>
void visit_fields(Visit& visit, const Conditions*) {
    visit("entries", &Conditions::entries, Need::optional, Count{0, 8});
    visit("when", &Conditions::when, Need::optional);
    visit("session", &Conditions::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Conditions::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Conditions::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Conditions::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const LoraUse*) {
    visit("place", &LoraUse::place, Need::required, Whole{1, 4});
    visit("name", &LoraUse::name, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-", 0, true});
    visit("when", &LoraUse::when, Need::optional);
    visit("session", &LoraUse::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &LoraUse::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &LoraUse::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &LoraUse::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const ListLibrary*) {
    visit("session", &ListLibrary::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &ListLibrary::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &ListLibrary::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &ListLibrary::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const ModelUse*) {
    visit("name", &ModelUse::name, Need::required, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-", 0, true});
    visit("session", &ModelUse::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &ModelUse::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &ModelUse::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &ModelUse::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const SourceBegin*) {
    visit("hash", &SourceBegin::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, false});
    visit("rate", &SourceBegin::rate, Need::required, Whole{8000, 384000});
    visit("channels", &SourceBegin::channels, Need::required, Whole{1, 2});
    visit("frames", &SourceBegin::frames, Need::required, Whole{0, 9007199254740992});
    visit("name", &SourceBegin::name, Need::optional, Text{64});
    visit("session", &SourceBegin::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &SourceBegin::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &SourceBegin::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &SourceBegin::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const SourceBlock*) {
    visit("hash", &SourceBlock::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, false});
    visit("offset", &SourceBlock::offset, Need::required, Whole{0, 9007199254740992});
    visit("frames", &SourceBlock::frames, Need::required, Whole{1, 1048576});
    visit("session", &SourceBlock::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &SourceBlock::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &SourceBlock::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &SourceBlock::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const SourceEnd*) {
    visit("hash", &SourceEnd::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, false});
    visit("session", &SourceEnd::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &SourceEnd::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &SourceEnd::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &SourceEnd::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const SourceUse*) {
    visit("hash", &SourceUse::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, true});
    visit("role", &SourceUse::role, Need::optional);
    visit("at_ppq", &SourceUse::at_ppq, Need::optional, Real{-1000000.0, 1000000.0});
    visit("repeat_bars", &SourceUse::repeat_bars, Need::optional, Whole{0, 10000});
    visit("live_bars", &SourceUse::live_bars, Need::optional, Whole{0, 64});
    visit("tempo", &SourceUse::tempo, Need::optional);
    visit("bpm", &SourceUse::bpm, Need::optional, Real{20.0, 999.0});
    visit("downbeat", &SourceUse::downbeat, Need::optional, Real{0.0, 1000000.0});
    visit("when", &SourceUse::when, Need::optional);
    visit("session", &SourceUse::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &SourceUse::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &SourceUse::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &SourceUse::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const LiveBlock*) {
    visit("epoch", &LiveBlock::epoch, Need::required, Whole{0, 9007199254740992});
    visit("lap", &LiveBlock::lap, Need::required, Whole{0, 9007199254740992});
    visit("sample", &LiveBlock::sample, Need::required, Whole{-140737488355328, 140737488355328});
    visit("frames", &LiveBlock::frames, Need::required, Whole{1, 65536});
    visit("session", &LiveBlock::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &LiveBlock::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &LiveBlock::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &LiveBlock::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const OpenStream*) {
    visit("stream", &OpenStream::stream, Need::required, Whole{0, 65535});
    visit("window_bars", &OpenStream::window_bars, Need::optional, Whole{1, 64});
    visit("format", &OpenStream::format, Need::optional);
    visit("latency", &OpenStream::latency, Need::optional);
    visit("latency_ms", &OpenStream::latency_ms, Need::optional, Real{0.0, 60000.0});
    visit("buffer_frames", &OpenStream::buffer_frames, Need::optional, Whole{0, 4000000});
    visit("session", &OpenStream::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &OpenStream::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &OpenStream::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &OpenStream::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const CloseStream*) {
    visit("stream", &CloseStream::stream, Need::required, Whole{0, 65535});
    visit("session", &CloseStream::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &CloseStream::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &CloseStream::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &CloseStream::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Credit*) {
    visit("stream", &Credit::stream, Need::required, Whole{0, 65535});
    visit("epoch", &Credit::epoch, Need::required, Whole{0, 9007199254740992});
    visit("frames", &Credit::frames, Need::required, Whole{0, 9007199254740992});
    visit("session", &Credit::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Credit::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Credit::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Credit::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Render*) {
    visit("stream", &Render::stream, Need::required, Whole{0, 65535});
    visit("first_bar", &Render::first_bar, Need::required, Whole{1, 100000});
    visit("last_bar", &Render::last_bar, Need::required, Whole{1, 100000});
    visit("window_bars", &Render::window_bars, Need::optional, Whole{1, 64});
    visit("format", &Render::format, Need::optional);
    visit("session", &Render::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Render::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Render::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Render::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Cancel*) {
    visit("stream", &Cancel::stream, Need::required, Whole{0, 65535});
    visit("session", &Cancel::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Cancel::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Cancel::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Cancel::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Limits*) {
    visit("message_bytes", &Limits::message_bytes, Need::required);
    visit("lanes", &Limits::lanes, Need::required);
    visit("sources", &Limits::sources, Need::required);
    visit("source_frames", &Limits::source_frames, Need::required);
    visit("streams", &Limits::streams, Need::required);
    visit("credit_frames", &Limits::credit_frames, Need::required);
    visit("notes", &Limits::notes, Need::required);
}

template <class Visit>
void visit_fields(Visit& visit, const ParameterInfo*) {
    visit("name", &ParameterInfo::name, Need::required);
    visit("unit", &ParameterInfo::unit, Need::required);
    visit("minimum", &ParameterInfo::minimum, Need::required);
    visit("maximum", &ParameterInfo::maximum, Need::required);
    visit("default", &ParameterInfo::default_, Need::required);
    visit("law", &ParameterInfo::law, Need::required);
    visit("propagation", &ParameterInfo::propagation, Need::required);
    visit("lane", &ParameterInfo::lane, Need::required);
    visit("help", &ParameterInfo::help, Need::required);
    visit("choices", &ParameterInfo::choices, Need::required, Count{});
}

template <class Visit>
void visit_fields(Visit& visit, const ModelInfo*) {
    visit("name", &ModelInfo::name, Need::required);
    visit("accelerator", &ModelInfo::accelerator, Need::required);
    visit("sample_rate", &ModelInfo::sample_rate, Need::required);
    visit("channels", &ModelInfo::channels, Need::required);
    visit("frame_rate", &ModelInfo::frame_rate, Need::required);
    visit("capabilities", &ModelInfo::capabilities, Need::required, Count{});
    visit("longest_window_seconds", &ModelInfo::longest_window_seconds, Need::required);
    visit("lossy_codec", &ModelInfo::lossy_codec, Need::required);
}

template <class Visit>
void visit_fields(Visit& visit, const Welcome*) {
    visit("version", &Welcome::version, Need::required);
    visit("resume_token", &Welcome::resume_token, Need::required, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("features", &Welcome::features, Need::required, Count{}, Text{64});
    visit("limits", &Welcome::limits, Need::required);
    visit("parameters", &Welcome::parameters, Need::required, Count{});
    visit("model", &Welcome::model, Need::required);
    visit("tick_ms", &Welcome::tick_ms, Need::required);
    visit("decode_realtime_factor", &Welcome::decode_realtime_factor, Need::required);
    visit("clock", &Welcome::clock, Need::required, Whole{0, kMostWhole});
    visit("session", &Welcome::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Welcome::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Welcome::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Welcome::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Refused*) {
    visit("code", &Refused::code, Need::required, Text{64});
    visit("message", &Refused::message, Need::required, Text{2000});
    visit("versions", &Refused::versions, Need::required, Count{});
    visit("session", &Refused::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Refused::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Refused::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Refused::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Ok*) {
    visit("bar", &Ok::bar, Need::optional);
    visit("sample", &Ok::sample, Need::optional);
    visit("epoch", &Ok::epoch, Need::optional);
    visit("latency_frames", &Ok::latency_frames, Need::optional);
    visit("have", &Ok::have, Need::optional);
    visit("text", &Ok::text, Need::optional, Text{2000});
    visit("session", &Ok::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Ok::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Ok::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Ok::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Error*) {
    visit("code", &Error::code, Need::required, Text{64});
    visit("field", &Error::field, Need::required, Text{2000});
    visit("message", &Error::message, Need::required, Text{2000});
    visit("next_bar", &Error::next_bar, Need::optional);
    visit("next_sample", &Error::next_sample, Need::optional);
    visit("last_bar", &Error::last_bar, Need::optional);
    visit("session", &Error::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Error::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Error::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Error::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Pong*) {
    visit("clock", &Pong::clock, Need::optional, Whole{0, kMostWhole});
    visit("session", &Pong::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Pong::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Pong::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Pong::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Pulse*) {
    visit("tick", &Pulse::tick, Need::required);
    visit("generations", &Pulse::generations, Need::required);
    visit("tick_ms", &Pulse::tick_ms, Need::required);
    visit("tick_ms_p99", &Pulse::tick_ms_p99, Need::required);
    visit("busy_ms", &Pulse::busy_ms, Need::required);
    visit("load", &Pulse::load, Need::required);
    visit("lead_ms", &Pulse::lead_ms, Need::required);
    visit("horizon_ms", &Pulse::horizon_ms, Need::required);
    visit("late_bars", &Pulse::late_bars, Need::required);
    visit("repeated_bars", &Pulse::repeated_bars, Need::required);
    visit("every", &Pulse::every, Need::required);
    visit("silent_ms", &Pulse::silent_ms, Need::required);
    visit("state", &Pulse::state, Need::required);
    visit("session", &Pulse::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Pulse::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Pulse::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Pulse::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const Notice*) {
    visit("code", &Notice::code, Need::required, Text{64});
    visit("message", &Notice::message, Need::required, Text{2000});
    visit("session", &Notice::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Notice::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Notice::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Notice::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const LibraryModel*) {
    visit("name", &LibraryModel::name, Need::required);
    visit("ready", &LibraryModel::ready, Need::required);
    visit("text", &LibraryModel::text, Need::required);
}

template <class Visit>
void visit_fields(Visit& visit, const LibraryLora*) {
    visit("name", &LibraryLora::name, Need::required);
    visit("fits", &LibraryLora::fits, Need::required);
    visit("trigger_words", &LibraryLora::trigger_words, Need::required, Count{});
    visit("strength", &LibraryLora::strength, Need::required);
    visit("text", &LibraryLora::text, Need::required);
}

template <class Visit>
void visit_fields(Visit& visit, const Library*) {
    visit("models", &Library::models, Need::required, Count{});
    visit("loras", &Library::loras, Need::required, Count{});
    visit("session", &Library::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Library::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Library::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Library::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const ModelChanged*) {
    visit("model", &ModelChanged::model, Need::required);
    visit("parameters", &ModelChanged::parameters, Need::required, Count{});
    visit("session", &ModelChanged::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &ModelChanged::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &ModelChanged::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &ModelChanged::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const PromiseMessage*) {
    visit("change", &PromiseMessage::change, Need::required);
    visit("status", &PromiseMessage::status, Need::required);
    visit("parameter", &PromiseMessage::parameter, Need::required);
    visit("bar", &PromiseMessage::bar, Need::required);
    visit("sample", &PromiseMessage::sample, Need::required);
    visit("promised_sample", &PromiseMessage::promised_sample, Need::required);
    visit("epoch", &PromiseMessage::epoch, Need::required);
    visit("lap", &PromiseMessage::lap, Need::required);
    visit("ticks", &PromiseMessage::ticks, Need::required);
    visit("reason", &PromiseMessage::reason, Need::optional);
    visit("session", &PromiseMessage::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &PromiseMessage::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &PromiseMessage::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &PromiseMessage::at, Need::optional, Whole{0, kMostWhole});
}

constexpr bool is_array_like(const BarMark*) noexcept { return true; }

template <class Visit>
void visit_fields(Visit& visit, const BarMark*) {
    visit("bar", &BarMark::bar, Need::required);
    visit("offset", &BarMark::offset, Need::required);
}

constexpr bool is_array_like(const JoinMark*) noexcept { return true; }

template <class Visit>
void visit_fields(Visit& visit, const JoinMark*) {
    visit("offset", &JoinMark::offset, Need::required);
    visit("frames", &JoinMark::frames, Need::required);
    visit("step", &JoinMark::step, Need::required);
}

template <class Visit>
void visit_fields(Visit& visit, const Audio*) {
    visit("stream", &Audio::stream, Need::required);
    visit("epoch", &Audio::epoch, Need::required);
    visit("lap", &Audio::lap, Need::required);
    visit("sequence", &Audio::sequence, Need::required);
    visit("address", &Audio::address, Need::required);
    visit("sample", &Audio::sample, Need::required);
    visit("frames", &Audio::frames, Need::required);
    visit("channels", &Audio::channels, Need::required);
    visit("format", &Audio::format, Need::required);
    visit("generation", &Audio::generation, Need::required);
    visit("state", &Audio::state, Need::required);
    visit("revisions", &Audio::revisions, Need::optional, Count{});
    visit("bars", &Audio::bars, Need::optional, Count{});
    visit("joins", &Audio::joins, Need::optional, Count{});
    visit("late", &Audio::late, Need::optional);
    visit("dry", &Audio::dry, Need::optional);
    visit("last", &Audio::last, Need::optional);
    visit("ends_bar", &Audio::ends_bar, Need::optional);
    visit("session", &Audio::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &Audio::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &Audio::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &Audio::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const AudioFile*) {
    visit("stream", &AudioFile::stream, Need::required);
    visit("epoch", &AudioFile::epoch, Need::required);
    visit("lap", &AudioFile::lap, Need::required);
    visit("sequence", &AudioFile::sequence, Need::required);
    visit("address", &AudioFile::address, Need::required);
    visit("sample", &AudioFile::sample, Need::required);
    visit("bar", &AudioFile::bar, Need::required);
    visit("frames", &AudioFile::frames, Need::required);
    visit("channels", &AudioFile::channels, Need::required);
    visit("rate", &AudioFile::rate, Need::required);
    visit("path", &AudioFile::path, Need::required);
    visit("hash", &AudioFile::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, false});
    visit("state", &AudioFile::state, Need::required);
    visit("late", &AudioFile::late, Need::optional);
    visit("dry", &AudioFile::dry, Need::optional);
    visit("last", &AudioFile::last, Need::optional);
    visit("session", &AudioFile::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &AudioFile::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &AudioFile::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &AudioFile::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const RenderProgress*) {
    visit("stream", &RenderProgress::stream, Need::required);
    visit("done_bars", &RenderProgress::done_bars, Need::required);
    visit("total_bars", &RenderProgress::total_bars, Need::required);
    visit("seconds_left", &RenderProgress::seconds_left, Need::required);
    visit("session", &RenderProgress::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &RenderProgress::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &RenderProgress::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &RenderProgress::at, Need::optional, Whole{0, kMostWhole});
}

template <class Visit>
void visit_fields(Visit& visit, const RenderDone*) {
    visit("stream", &RenderDone::stream, Need::required);
    visit("frames", &RenderDone::frames, Need::required);
    visit("cancelled", &RenderDone::cancelled, Need::optional);
    visit("session", &RenderDone::session, Need::optional, Text{64, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 0, true});
    visit("seq", &RenderDone::seq, Need::optional, Whole{0, 9007199254740992});
    visit("re", &RenderDone::re, Need::optional, Whole{0, 9007199254740992});
    visit("at", &RenderDone::at, Need::optional, Whole{0, kMostWhole});
}

inline void check_rules(const Jump& read, const Path& at) { rules::check(read, at); }

inline void check_rules(const Transport& read, const Path& at) { rules::check(read, at); }

inline void check_rules(const MeterEntry& read, const Path& at) { rules::check(read, at); }

inline void check_rules(const When& read, const Path& at) { rules::check(read, at); }

inline void check_rules(const Note& read, const Path& at) { rules::check(read, at); }

inline void check_rules(const SourceUse& read, const Path& at) { rules::check(read, at); }

/// The message in a header's bytes. Throws ProtocolError, and nothing else but std::bad_alloc, on any
/// bytes. Any thread; allocates.
inline EngineMessage decode_engine(const char* header, std::size_t size) {
    return decode_message<EngineMessage>(header, size);
}
inline ClientMessage decode_client(const char* header, std::size_t size) {
    return decode_message<ClientMessage>(header, size);
}
inline AnyMessage decode_any(const char* header, std::size_t size) {
    return decode_message<AnyMessage>(header, size);
}

}  // namespace anacrusis::protocol
