import Foundation
import HTTPKit
import Kernel
import Testing

@testable import DevicesService

@Suite struct ValueDescriptionTests {
    private func json(_ text: String) throws -> AnyJSON {
        try JSONDecoder().decode(AnyJSON.self, from: Data(text.utf8))
    }

    /// What a description finds in a value: the path of each error.
    private func errors(_ description: String, _ value: String) throws -> [String] {
        var validation = Validation()
        let description = ValueDescription(try json(description), at: "d", errors: &validation)
        #expect(validation.errors.isEmpty)
        description.check(try json(value), at: "config", &validation)
        return validation.errors.map(\.field)
    }

    @Test(arguments: [
        ("integer", ["1", "-3", "2.0"], ["1.5", "\"1\"", "true", "null"]),
        ("number", ["1", "1.5"], ["\"1\"", "false", "[]"]),
        ("string", ["\"\"", "\"x\""], ["1", "null"]),
        ("boolean", ["true", "false"], ["0", "\"true\""]),
        ("array", ["[]", "[1]"], ["{}"]),
        ("object", ["{}"], ["[]", "null"]),
        ("null", ["null"], ["0", "false"]),
    ])
    func `a value has the type`(type: String, fitting: [String], others: [String]) throws {
        for value in fitting { #expect(try errors(#"{"type":"\#(type)"}"#, value).isEmpty, "\(value)") }
        for value in others { #expect(try errors(#"{"type":"\#(type)"}"#, value) == ["config"], "\(value)") }
    }

    @Test(arguments: [
        (#"{"minimum":1,"maximum":3600}"#, ["1", "3600", "2.5"], ["0", "0.99", "3601"]),
        (#"{"enum":["low",2,null]}"#, ["\"low\"", "2", "2.0", "null"], ["\"Low\"", "3", "true"]),
        (#"{"minLength":1,"maxLength":3}"#, ["\"a\"", "\"äöü\"", "5"], ["\"\"", "\"abcd\""]),
        (#"{"minItems":1,"maxItems":2}"#, ["[1]", "[1,2]", "{}"], ["[]", "[1,2,3]"]),
        (#"{"type":["integer","null"]}"#, ["1", "null"], ["\"1\"", "1.5"]),
        ("{}", ["1", "null", "[{}]"], []),
    ])
    func `a value is within the bounds`(description: String, fitting: [String], others: [String]) throws {
        for value in fitting { #expect(try errors(description, value).isEmpty, "\(value)") }
        for value in others { #expect(try errors(description, value) == ["config"], "\(value)") }
    }

    @Test func `of a large value that is wrong everywhere a hundred errors are told, and long choices in short`() throws
    {
        let value = "[" + Array(repeating: "1", count: 10_000).joined(separator: ",") + "]"
        #expect(try errors(#"{"items":{"type":"string"}}"#, value).count == 100)
        let names = (0..<200).map { "\"\($0)" + String(repeating: "x", count: 200) + "\"" }.joined(separator: ",")
        var validation = Validation()
        let description = ValueDescription(try json(#"{"enum":[\#(names)]}"#), at: "d", errors: &validation)
        #expect(validation.errors.isEmpty)
        description.check(.integer(1), at: "config", &validation)
        #expect(validation.errors.first.map { $0.message.utf8.count < 1000 } == true)
        _ = ValueDescription(try json(#"{"enum":[\#(names),1]}"#), at: "d", errors: &validation)
        #expect(validation.errors.last?.field == "d.enum")
    }

    @Test func `every setting that does not fit is named by its path`() throws {
        let description = """
            {"type":"object","additionalProperties":false,"required":["interval_s","name"],"properties":{
              "interval_s":{"type":"integer","minimum":1},"name":{"type":"string"},
              "wifi":{"properties":{"channel":{"type":"integer","maximum":13}}},
              "sensors":{"type":"array","items":{"type":"object","required":["pin"],
                "properties":{"pin":{"type":"integer"}}}}}}
            """
        #expect(
            try errors(
                description,
                #"{"interval_s":0,"wifi":{"channel":14,"ssid":"x"},"sensors":[{"pin":1},{},{"pin":"a"}],"extra":1}"#
            ) == [
                "config.name", "config.extra", "config.interval_s", "config.sensors[1].pin", "config.sensors[2].pin",
                "config.wifi.channel",
            ])
    }

    @Test func `of a part nothing has to be there, but what is there is checked`() throws {
        var validation = Validation()
        let text = #"{"required":["a","b"],"properties":{"a":{"type":"integer"},"c":{"required":["d"]}}}"#
        let part = ValueDescription(try json(text), at: "d", errors: &validation).ofPart
        part.check(try json(#"{"a":"x","c":{}}"#), at: "defaults", &validation)
        #expect(validation.errors.map(\.field) == ["defaults.a", "defaults.c.d"])
    }

    @Test(arguments: [
        ("[]", "d"), (#"{"type":"float"}"#, "d.type"), (#"{"type":[]}"#, "d.type"), (#"{"pattern":"x"}"#, "d.pattern"),
        (#"{"minimum":"1"}"#, "d.minimum"), (#"{"maxLength":-1}"#, "d.maxLength"), (#"{"enum":[]}"#, "d.enum"),
        (#"{"required":[1]}"#, "d.required"), (#"{"items":[]}"#, "d.items"),
        (#"{"properties":{"a":{"properties":{"b":{"$ref":"x"}}}}}"#, "d.properties.a.properties.b.$ref"),
        (#"{"additionalProperties":{}}"#, "d.additionalProperties"),
        (#"{"additionalProperties":false,"required":["a"]}"#, "d.required"),
    ])
    func `what would not be checked is refused`(description: String, path: String) throws {
        var validation = Validation()
        _ = ValueDescription(try json(description), at: "d", errors: &validation)
        #expect(validation.errors.map(\.field) == [path])
    }

    @Test(arguments: [(8, true), (9, false)])
    func `descriptions stand in each other as deep as allowed`(levels: Int, isAllowed: Bool) throws {
        let text = (1..<levels).reduce("{}") { inner, _ in #"{"items":\#(inner)}"# }
        var validation = Validation()
        _ = ValueDescription(try json(text), at: "d", errors: &validation)
        #expect(validation.errors.isEmpty == isAllowed)
    }

    @Test func `a difference names each setting by its path`() throws {
        guard case .object(let desired) = try json(#"{"a":1,"b":{"c":true,"d":[1]},"e":"x"}"#),
            case .object(let reported) = try json(#"{"a":1,"b":{"c":false,"d":[1,2]},"f":null}"#)
        else { return #expect(Bool(false)) }
        #expect(
            ConfigDifference.between(desired: desired, reported: reported) == [
                ConfigDifference(path: "b.c", desired: .bool(true), reported: .bool(false)),
                ConfigDifference(
                    path: "b.d", desired: .array([.integer(1)]), reported: .array([.integer(1), .integer(2)])),
                ConfigDifference(path: "e", desired: .string("x"), reported: nil),
                ConfigDifference(path: "f", desired: nil, reported: .null),
            ])
        #expect(ConfigDifference.between(desired: desired, reported: desired).isEmpty)
    }
}
