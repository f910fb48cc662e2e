// Text <-> the signed bytes of Bitwig's sockets. Plain ES5, no host objects.

/**
 * A gateway frame: its length in 4 bytes, big-endian, and the message as JSON in ASCII.
 *
 * Bitwig says that frames to a script have such a length; whether it writes one itself when a script
 * sends is not said. The gateway takes both.
 * @param {Object} message
 * @returns {number[]} each -128 to 127, as `send` wants them
 */
function frameOf(message) {
    var text = asciiJson(message), length = text.length;
    var bytes = [signed(length >>> 24), signed(length >>> 16), signed(length >>> 8), signed(length)];
    for (var i = 0; i < length; i++) {
        bytes.push(text.charCodeAt(i));
    }
    return bytes;
}

/**
 * The message in a frame that Bitwig gave without its length.
 * @param {{length: number, [index: number]: number}} bytes
 * @returns {any} null where it is no JSON object in UTF-8
 */
function messageOf(bytes) {
    var characters = [];
    for (var i = 0; i < bytes.length; i++) {
        characters.push(String.fromCharCode(bytes[i] & 0xff));
    }
    try {
        var read = JSON.parse(decodeURIComponent(escape(characters.join(""))));
        return read !== null && typeof read === "object" && !(read instanceof Array) ? read : null;
    } catch (error) {
        return null;
    }
}

/** @param {Object} message */
function asciiJson(message) {
    return JSON.stringify(message).replace(/[\u007f-\uffff]/g, function (character) {
        return "\\u" + ("0000" + character.charCodeAt(0).toString(16)).slice(-4);
    });
}

/** @param {number} byte */
function signed(byte) {
    return (byte << 24) >> 24;
}
