import Foundation
import Kernel
import Testing

struct AnyJSONTests {
    @Test func `JSON keeps whole numbers whole and finds NUL at any depth`() throws {
        let json = #"{"a":[1,2.5,true,null,"x"],"b":{"c":"\u0000"}}"#
        let value = try JSONDecoder().decode(AnyJSON.self, from: Data(json.utf8))
        #expect(value.containsNUL)
        guard case .object(let members) = value else { return #expect(Bool(false)) }
        #expect(members["a"] == .array([.integer(1), .number(2.5), .bool(true), .null, .string("x")]))
    }

    @Test(arguments: [
        (#"{}"#, 2), (#"[]"#, 2), (#"{"a":null}"#, 10), (#"{"a":true,"b":false}"#, 20), (#"[1,-25,0.5,1000000]"#, 19),
        (#"{"ö":["ü\"\\","\n\t"]}"#, 24), (#"["\u0001"]"#, 10), (#"["/"]"#, 5),
    ])
    func `bytes are counted as they are written`(text: String, size: Int) throws {
        let value = try JSONDecoder().decode(AnyJSON.self, from: Data(text.utf8))
        #expect(value.size == size)
        #expect(text.utf8.count == size)
    }
}
