// The rules between the fields of one struct: what bridge_protocol/schema.py checks in __post_init__. The
// generated header calls rules::check for every struct that has such a check there, so that one without
// its rule here doesn't compile. Include generated/bridge_protocol.hpp, not this.
//
// All of it: any thread; throws ProtocolError.
#pragma once

#include <optional>

#include "core/protocol_fields.hpp"

namespace anacrusis::protocol::rules {

inline void require_finite(const Path& at, const char* name, std::optional<double> value) {
    if (value && !is_finite(*value)) Path(at, name).refuse(codes::kNotFinite, "must be a finite number");
}

inline void check(const When& when, const Path& at) {
    require_finite(at, "ppq", when.ppq);
    if (when.kind == WhenKind::bar && !when.bar) {
        Path(at, "bar").refuse(codes::kBadField, "is needed where kind is bar");
    }
    if (when.kind == WhenKind::ppq && !when.ppq) {
        Path(at, "ppq").refuse(codes::kBadField, "is needed where kind is ppq");
    }
}

inline void check(const Jump& jump, const Path& at) {
    require_finite(at, "at_ppq", jump.at_ppq);
    require_finite(at, "to_ppq", jump.to_ppq);
}

/// A power of two; its upper bound is the field's own.
inline bool is_denominator(std::int64_t denominator) {
    return denominator > 0 && (denominator & (denominator - 1)) == 0;
}

inline void check(const Transport& transport, const Path& at) {
    require_finite(at, "ppq", transport.ppq);
    require_finite(at, "bar_start_ppq", transport.bar_start_ppq);
    require_finite(at, "bpm", transport.bpm);
    require_finite(at, "loop_start_ppq", transport.loop_start_ppq);
    require_finite(at, "loop_end_ppq", transport.loop_end_ppq);
    if (transport.denominator && !is_denominator(*transport.denominator)) {
        Path(at, "denominator").refuse(codes::kOutOfRange, "must be 1, 2, 4, 8, 16 or 32");
    }
    if (transport.looping && transport.loop_end_ppq <= transport.loop_start_ppq) {
        Path(at, "loop_end_ppq").refuse(codes::kBadOrder, "must come after its start");
    }
    if (transport.gap_start && transport.gap_end <= *transport.gap_start) {
        Path(at, "gap_end").refuse(codes::kBadOrder, "must come after its start");
    }
}

inline void check(const MeterEntry& entry, const Path& at) { require_finite(at, "ppq", entry.ppq); }

inline void check(const Note& note, const Path& at) {
    require_finite(at, "ppq", note.ppq);
    require_finite(at, "length_ppq", note.length_ppq);
}

inline void check(const SourceUse& use, const Path& at) {
    require_finite(at, "at_ppq", use.at_ppq);
    require_finite(at, "bpm", use.bpm);
    require_finite(at, "downbeat", use.downbeat);
}

}  // namespace anacrusis::protocol::rules
