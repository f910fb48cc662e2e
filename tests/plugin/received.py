"""What a client told an engine, put together as the engine would."""

from bridge_protocol import schema

CURVE_HZ = 25


def lane_values(engine, parameter):
    """The lane as it stands: curve frame -> value, of all that was sent as values at 25 Hz."""
    lane = {}
    for message in engine.told(schema.LaneMessage, parameter=parameter):
        first = round(message.start * CURVE_HZ)
        end = first + len(message.values)
        if message.onwards:
            lane = {frame: value for frame, value in lane.items() if frame < end}
        lane |= {first + i: value for i, value in enumerate(message.values)}
    return lane


def gestures(engine, parameter):
    """Whether a hand came (True) or went, in order."""
    return [m.touched for m in engine.told(schema.Gesture, parameter=parameter)]
