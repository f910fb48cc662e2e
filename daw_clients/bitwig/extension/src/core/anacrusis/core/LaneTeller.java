package anacrusis.core;

import anacrusis.core.HostPort.Remote;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The lanes of the remote controls: followed along the song, told where they are new. */
final class LaneTeller {
    private final EngineLink link;
    private final Refusals refusals;
    private final Map<String, Lane> lanes = new HashMap<>();
    private final Set<String> deaf = new HashSet<>();

    LaneTeller(EngineLink link, Refusals refusals) {
        this.link = link;
        this.refusals = refusals;
    }

    /** Looks at all controls. */
    void follow(List<Remote> remotes, PlayHead head) {
        long frame = Math.round(head.song().seconds(head.ppq()) * Protocol.LANE_RATE_HZ);
        for (Remote remote : remotes) {
            LaneSpec spec = LaneSpec.of(remote.name());
            if (spec == null) {
                continue;
            }
            Lane lane = lanes.computeIfAbsent(spec.name(), name -> new Lane(spec));
            double value = lane.valueOf(remote.value());
            Lane.Piece piece = head.playing() ? lane.pass(frame, value) : lane.stand(frame, value);
            if (piece != null) {
                tell(lane, piece);
            }
        }
    }

    /** The host is somewhere else now. */
    void leave() {
        lanes.values().forEach(Lane::leave);
    }

    /** The engine knows nothing: all that is remembered is told. */
    void tellAll() {
        deaf.clear();
        for (Lane lane : lanes.values()) {
            lane.pieces().forEach(piece -> tell(lane, piece));
        }
    }

    private void tell(Lane lane, Lane.Piece piece) {
        if (!link.ready() || deaf.contains(lane.name())) {
            return;
        }
        link.ask(lane.message(piece), reply -> {
            if (!refusals.hear(lane.name(), reply)) {
                deaf.add(lane.name());
            }
        });
    }
}
