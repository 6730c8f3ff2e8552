import HTTPKit
import Identity
import Kernel
import TestKit
import Testing

@testable import ReadingsService

/// `sensor_type=` with names that have commas.
@Suite struct SensorTypeFilterTests {
    @Test(arguments: [
        ("sensor_type=t", ["t"]), ("sensor_type=t,h&sensor_type=p", ["t", "h", "p"]),
        ("sensor_type=,t,,%20h%20,", ["t", "h"]), ("sensor_type=&other=x", []),
        (#"sensor_type=a\,b"#, ["a,b"]), (#"sensor_type=a\,b,c\,d&sensor_type=e"#, ["a,b", "c,d", "e"]),
        (#"sensor_type=a\\,b"#, [#"a\"#, "b"]), (#"sensor_type=a\\\,b"#, [#"a\,b"#]),
        (#"sensor_type=C:\temp,\"#, [#"C:\temp"#, #"\"#]),
    ])
    func `names are separated by commas that no backslash stands before`(query: String, names: [String]) throws {
        #expect(try QueryParameters(query).sensorTypes == names)
    }

    @Test func `a sensor with a comma in its name is found, exported and deleted by it`() async throws {
        let device = try await ReadingsServer.shared().device()
        let names = ["x", "y", "x,y", #"x\"#]
        for (value, name) in names.enumerated() {
            let answer = try await device.send(["sensor_type": .string(name), "value": .number(Double(value))])
            #expect(answer.status == 201)
        }
        let filters = [("x", "x"), ("y", "y"), ("x,y", #"x%5C,y"#), (#"x\"#, #"x%5C"#)]
        let admin = try await device.server.service.user(.admin, of: device.organization)
        for (name, filter) in filters {
            for path in ["\(device.path)?", "\(device.path)/stats?", "/api/v1/readings/latest?"] {
                let items = try await admin.get("\(path)sensor_type=\(filter)").json["items"].array ?? []
                #expect(items.map { $0["sensor_type"] } == [.string(name)], "\(path)\(filter)")
            }
            let rows = try await admin.get("/api/v1/readings/export?format=json&sensor_type=\(filter)").json.array
            #expect(rows?.map { $0["sensor_type"] } == [.string(name)])
        }
        let path = "/api/v1/readings?device_id=\(device.id.text)&sensor_type=x%5C,y"
        #expect(try await admin.delete(path).json == ["deleted": 1, "is_complete": true])
        #expect(Set(try await device.stored().map(\.sensor)) == ["x", "y", #"x\"#])
    }
}
