// Made from bridge_protocol/generate/client_facts.py by `make docs`; do not edit.
package anacrusis.core;

import java.util.List;

/** What the protocol fixes. */
public final class Protocol {
    public static final int PROTOCOL_VERSION = 1;
    public static final int GATEWAY_PORT = 5318;
    public static final int MAX_FRAME_BYTES = 16777216;
    public static final int MAX_HEADER_BYTES = 4194304;
    public static final int MAX_PAYLOAD_BYTES = 8388608;
    public static final int LANE_RATE_HZ = 25;
    public static final double MIN_BPM = 20.0;
    public static final double MAX_BPM = 999.0;
    public static final int MAX_NUMERATOR = 64;
    public static final int MAX_DENOMINATOR = 32;
    public static final long MAX_SEED = 4294967295L;
    public static final int PROMPT_CHARACTERS = 2000;

    static final String BAD_MESSAGE = "BAD_MESSAGE";
    static final String BAD_FIELD = "BAD_FIELD";
    static final String UNKNOWN_TYPE = "UNKNOWN_TYPE";
    static final String VERSION = "VERSION";
    static final String NOT_SIGNED_IN = "NOT_SIGNED_IN";
    static final String BAD_TOKEN = "BAD_TOKEN";
    static final String NOT_GREETED = "NOT_GREETED";
    static final String OUT_OF_RANGE = "OUT_OF_RANGE";
    static final String NOT_FINITE = "NOT_FINITE";
    static final String WRONG_LENGTH = "WRONG_LENGTH";
    static final String BAD_ORDER = "BAD_ORDER";
    static final String BAD_NOTATION = "BAD_NOTATION";
    static final String UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER";
    static final String UNKNOWN_SOURCE = "UNKNOWN_SOURCE";
    static final String UNKNOWN_STREAM = "UNKNOWN_STREAM";
    static final String CANNOT_HEAR = "CANNOT_HEAR";
    static final String HASH_MISMATCH = "HASH_MISMATCH";
    static final String EMPTY_SOURCE = "EMPTY_SOURCE";
    static final String FILE_MISSING = "FILE_MISSING";
    static final String FILE_BROKEN = "FILE_BROKEN";
    static final String RANGE_PAST_END = "RANGE_PAST_END";
    static final String TOO_LATE = "TOO_LATE";
    static final String ENGINE_SLOW = "ENGINE_SLOW";
    static final String LIMIT = "LIMIT";
    static final String PORT_IN_USE = "PORT_IN_USE";
    static final String NO_ENGINE = "NO_ENGINE";
    static final String NOT_INSTALLED = "NOT_INSTALLED";
    static final String CANCELLED = "CANCELLED";
    static final String INTERNAL = "INTERNAL";

    /** The parameters that may be a curve. */
    static final List<LaneSpec> LANES = List.of(
            new LaneSpec("sde_blend", 0.0, 1.0),
            new LaneSpec("morph", 0.0, 1.0),
            new LaneSpec("velocity", 0.5, 1.5),
            new LaneSpec("ode_noise", 0.0, 1.0),
            new LaneSpec("guidance", 1.0, 10.0),
            new LaneSpec("guidance_rescale", 0.0, 1.0),
            new LaneSpec("apg_momentum", -1.0, 1.0),
            new LaneSpec("channel_gain_group_1", 0.0, 2.0),
            new LaneSpec("channel_gain_group_2", 0.0, 2.0),
            new LaneSpec("channel_gain_group_3", 0.0, 2.0),
            new LaneSpec("channel_gain_group_4", 0.0, 2.0),
            new LaneSpec("channel_gain_group_5", 0.0, 2.0),
            new LaneSpec("channel_gain_group_6", 0.0, 2.0),
            new LaneSpec("channel_gain_group_7", 0.0, 2.0),
            new LaneSpec("channel_gain_group_8", 0.0, 2.0),
            new LaneSpec("lora_1", 0.0, 2.0),
            new LaneSpec("lora_2", 0.0, 2.0),
            new LaneSpec("lora_3", 0.0, 2.0),
            new LaneSpec("lora_4", 0.0, 2.0),
            new LaneSpec("dcw_scale", -1.0, 1.0),
            new LaneSpec("dcw_high_scale", -1.0, 1.0),
            new LaneSpec("denoise", 0.0, 1.0),
            new LaneSpec("initial_noise", 0.0, 1.0),
            new LaneSpec("mask", 0.0, 1.0),
            new LaneSpec("prompt_blend", 0.0, 1.0),
            new LaneSpec("output_gain", -60.0, 12.0),
            new LaneSpec("dry_wet", 0.0, 1.0));

    /** Frame 0 of every message; the last byte is the version. */
    static byte[] magic() {
        return new byte[] {65, 78, 66, 1};
    }

    private Protocol() {
    }
}
