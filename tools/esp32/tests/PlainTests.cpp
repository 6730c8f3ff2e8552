#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "../src/core/Backoff.h"
#include "../src/core/Crc32.h"
#include "../src/core/Json.h"
#include "../src/core/JsonWriter.h"
#include "../src/core/Sha256.h"
#include "Check.h"
#include "Fakes.h"

using namespace lms;

TEST("CRC-32 has the check value of its catalogue, in one go and in pieces") {
    CHECK(crc32("123456789", 9) == 0xCBF43926);
    CHECK(crc32("6789", 4, crc32("12345", 5)) == 0xCBF43926);
    CHECK(crc32("", 0) == 0);
}

TEST("SHA-256 has the values of FIPS 180-4's examples") {
    const auto of = [](const std::string &text, size_t piece) {
        Sha256 hash;
        for (size_t offset = 0; offset < text.size(); offset += piece) {
            hash.update(text.data() + offset, std::min(piece, text.size() - offset));
        }
        return std::string(digestText(hash.finish()).data());
    };
    CHECK(of("", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(of("abc", 64) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(
        of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(
        of(std::string(1000000, 'a'), 997) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST("a digest is read from 64 digits alone") {
    Digest digest;
    CHECK(parseDigest("E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest));
    CHECK(digest[0] == 0xE3 && digest[31] == 0x55);
    CHECK(!parseDigest("e3b0", digest));
    CHECK(!parseDigest(std::string(63, '0') + "g", digest));
}

TEST("JSON is looked into by names and places") {
    const JsonView json = JsonView::parse(
        R"( {"a": [1, -2.5e1, true, null, "x"], "b\u0063": {"d": "e\n\u00e9\ud83d\ude00"}} )");
    CHECK(json["a"][0].integer() == 1);
    CHECK(json["a"][1].number() == -25.0);
    CHECK(json["a"][2].boolean() == true);
    CHECK(json["a"][3].kind() == JsonView::Kind::null);
    CHECK(json["a"][4].equals("x") && !json["a"][4].equals("xy") && !json["a"][4].equals(""));
    CHECK(!json["a"][5].exists() && !json["c"]["d"].exists() && !json["a"]["b"].exists());
    char text[16];
    CHECK(json["bc"]["d"].copy(text, sizeof text) && std::string(text) == "e\n\xC3\xA9\xF0\x9F\x98\x80");
    CHECK(!json["bc"]["d"].copy(text, 4) && text[0] == 0);
    CHECK(!json["a"].copy(text, sizeof text));
    CHECK(!json["a"][1].boolean() && !json["a"][2].integer() && !JsonView::parse("1.5").integer());
    CHECK(!JsonView::parse("[]")[0].exists() && !JsonView::parse("{}")["a"].exists());
}

TEST("what is not JSON is none") {
    for (const char *text :
         {"", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{,}", "01", "1.", ".5", "-", "1e", "tru", "nul", "\"",
          "\"\\x\"", "\"\\u12g4\"", "[1] 2", "{\"a\":1,}", "\"\t\"", "+1", "[", "]", "\xff"}) {
        CHECK(!JsonView::parse(text).exists());
    }
    CHECK(!JsonView::parse(std::string_view("\0", 1)).exists());
    CHECK(JsonView::parse(std::string(32, '[') + std::string(32, ']')).exists());
    CHECK(!JsonView::parse(std::string(40, '[') + std::string(40, ']')).exists());
}

TEST("JSON that is cut off anywhere is none, and its beginning can be searched") {
    const std::string whole = R"({"items":[{"command_type":"a","id":"7","parameters":{"p":[1,"\u0041"]}}]})";
    for (size_t end = 0; end < whole.size(); ++end) {
        // A copy without anything behind it, so that a look beyond the end is noticed.
        const std::string cut(whole, 0, end);
        CHECK(!JsonView::parse(cut).exists());
        const JsonView item = JsonView::beginning(cut)["items"][0];
        CHECK(item["id"].equals("7") == (end >= whole.find("\"7\"") + 3));
        item["parameters"]["p"][1].exists();
    }
}

TEST("JSON is written with its commas and escapes, and read again") {
    std::array<char, 256> buffer;
    JsonWriter writer(buffer.data(), buffer.size());
    writer.beginObject().member("a\"b", "\\\n\x01\xC3\xA9\xFFz").key("n").beginArray();
    writer.number(21.5).number(-0.1).number(NAN).integer(-7).boolean(false).null().beginObject().endObject().endArray();
    writer.endObject();
    CHECK(writer.text() == "{\"a\\\"b\":\"\\\\\\u000a\\u0001\xC3\xA9?z\",\"n\":[21.5,-0.1,null,-7,false,null,{}]}");
    CHECK(JsonView::parse(writer.text())["n"][1].number() == -0.1);
}

TEST("numbers are read as they were written") {
    for (double value : {0.0, 1.0 / 3, 1e300, -2.2250738585072014e-308, 123456789.123, 5e-324, 9007199254740993.0}) {
        std::array<char, 64> buffer;
        JsonWriter writer(buffer.data(), buffer.size());
        writer.number(value);
        CHECK(JsonView::parse(writer.text()).number() == value);
    }
}

TEST("JSON that does not fit is none at all") {
    for (size_t capacity = 0; capacity < 20; ++capacity) {
        std::array<char, 20> buffer;
        JsonWriter writer(buffer.data(), capacity);
        writer.beginObject().member("key", "a\"cdefg").endObject();
        CHECK(writer.isOK() == (capacity >= 18));
        CHECK(writer.text().empty() == !writer.isOK());
    }
}

TEST("waits double up to five minutes, with jitter, and begin anew after a success") {
    Backoff backoff;
    uint32_t step = 1000;
    for (int failure = 0; failure < 40; ++failure) {
        Backoff low = backoff, high = backoff;
        CHECK(low.failed(0) == step / 2);
        CHECK(high.failed(step / 2) == step);
        backoff.failed(static_cast<uint32_t>(failure) * 2654435761u);
        step = std::min<uint32_t>(step * 2, 300000);
    }
    backoff.succeeded();
    CHECK(backoff.failed(0) == 500);
}

TEST("no wait is shorter than Retry-After, nor longer than an hour and a quarter") {
    for (uint32_t random : {0u, 1u, 12345u, 0xFFFFFFFFu}) {
        Backoff backoff;
        const uint32_t wait = backoff.failed(random, 30);
        CHECK(wait >= 30000 && wait <= 37500);
        const uint32_t longest = backoff.failed(random, 0xFFFFFFFF);
        CHECK(longest >= 3600000 && longest <= 4500000);
        for (int failure = 0; failure < 20; ++failure) { backoff.failed(0); }
        CHECK(backoff.failed(random, 1) >= 150000);
    }
}
