package anacrusis.core;

/** A song of one tempo and one signature: all that a host tells an extension. */
record Song(double bpm, int numerator, int denominator, int rateHz) {
    /** Positions that lie this near to a bar line are on it, in quarter notes. */
    static final double LINE_PPQ = 1e-6;

    double barPpq() {
        return numerator * 4.0 / denominator;
    }

    double seconds(double ppq) {
        return 60 * ppq / bpm;
    }

    /** The sample of a position: a half goes to the even neighbour, as everywhere on the bridge. */
    long sample(double ppq) {
        return (long) Math.rint(rateHz * seconds(ppq));
    }

    /** The index of the bar that holds a position, from 0. */
    int bar(double ppq) {
        return (int) Math.floor((ppq + LINE_PPQ) / barPpq());
    }

    boolean isLine(double ppq) {
        return Math.abs(ppq - bar(ppq) * barPpq()) <= LINE_PPQ;
    }

    /** The first bar line after a position. */
    double nextLine(double ppq) {
        return (bar(ppq) + 1) * barPpq();
    }
}
