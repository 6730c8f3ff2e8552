import Foundation
import HTTPKit
import Kernel
import Postgres
import Testing

@testable import DevicesService

@Suite struct DeviceImportRuleTests {
    private static let project = UUID()

    private func device(_ serialNumber: String, project: UUID? = nil) -> Device {
        var profile = DeviceProfile(name: "Oven", deviceType: "esp32")
        profile.serialNumber = serialNumber
        profile.projectID = project
        profile.model = "M1"
        return Device(
            id: UUID(), organizationID: UUID(), profile: profile, status: .online, lastSeen: nil, batteryLevel: nil,
            wifiSignalStrength: nil, uptime: nil, version: 1, createdAt: .now, lastUpdated: .now)
    }

    private func row(_ text: String) throws -> DeviceRow {
        try #require(try DeviceTable(Array(text.utf8)).rows.first)
    }

    @Test func `only the columns that are there change a device, and empty fields empty`() throws {
        let current = device("A").profile
        #expect(try row("serial_number,name\nA,Oven").applied(to: current) == current)
        #expect(try row("serial_number,name,device_type,reading_interval\nA,,,").applied(to: current) == current)
        #expect(try row("serial_number,model\nA,").applied(to: current).model == nil)
        let changed = try row("tags;serial_number;reading_interval\nlab|cold;A;5").applied(to: current)
        #expect(changed.tags == ["lab", "cold"])
        #expect(changed.readingInterval == 5)
        #expect(changed.model == "M1")
    }

    @Test func `a new device is named after its type and serial number`() throws {
        #expect(try row("serial_number\nA").profile.name == "generic A")
        #expect(try row("device_type,serial_number\nesp32,A").profile.name == "esp32 A")
    }

    @Test func `known devices are changed or left, and others made as far as the plan goes`() throws {
        let known = device("A")
        var plan = DeviceImport(
            known: ["A": known], projects: [], allowance: DeviceAllowance(plan: "free", limit: 2, count: 1))
        #expect(plan.step(for: try row("serial_number,model\nA,M1")) == .leave(known))
        let second = try row("serial_number\nB")
        #expect(plan.step(for: second) == .create(second.profile))
        #expect(plan.step(for: try row("serial_number\nC")) == .refuse(.limitReached(plan: "free", limit: 2)))
        let change = try row("serial_number,model\nA,M2")
        #expect(plan.step(for: change) == .update(known, change.applied(to: known.profile)))
    }

    @Test func `a project must be the organization's, unless the device is in it already`() throws {
        let elsewhere = UUID()
        let known = device("A", project: elsewhere)
        var plan = DeviceImport(known: ["A": known], projects: [Self.project], allowance: nil)
        func step(_ serialNumber: String, _ project: UUID) throws -> DeviceImport.Step {
            plan.step(for: try row("serial_number,project_id\n\(serialNumber),\(project.text)"))
        }
        #expect(try step("A", elsewhere) == .leave(known))
        #expect(try step("A", UUID()) == .refuse(.unknownProject))
        #expect(try step("B", elsewhere) == .refuse(.unknownProject))
        guard case .update = try step("A", Self.project), case .create = try step("B", Self.project) else {
            Issue.record("a known project was refused")
            return
        }
    }

    @Test(
        arguments: [
            ([], ""), (["a"], "a"), (["a", "b"], "a|b"), (["a|b", "c\\"], "a\\|b|c\\\\"), (["\\|"], "\\\\\\|"),
        ] as [([String], String)])
    func `tags are one text and come back from it`(tags: [String], text: String) {
        #expect(TagText.joined(tags) == text)
        #expect(TagText.split(text) == tags)
    }

    @Test func `a backslash before anything else is just that, and empty tags are none`() {
        #expect(TagText.split("a\\b| |c\\") == ["a\\b", "c\\"])
    }

    @Test(
        arguments: [
            ("name,model\nx,y", ["serial_number"]), ("serial_number,colour,size\nA,red,1", ["colour", "size"]),
            ("serial_number,name,Name\nA,x,y", ["name"]), ("serial_number,\nA,", [""]),
            (String(repeating: ",", count: 100), [""]),
            ("", [""]),
            ("serial_number\n", [""]), ("serial_number,name\n,\n,\n", [""]),
            ("serial_number\n" + (1...1001).map { "S\($0)\n" }.joined(), [""]),
        ] as [(String, [String])])
    func `a file that is no table of devices is refused as a whole`(text: String, fields: [String]) throws {
        let error = #expect(throws: (any Error).self) { try DeviceTable(Array(text.utf8)) }
        let problem = try #require(error as? Problem ?? (error as? any ProblemConvertible)?.problem)
        #expect(problem.status.code == 422)
        #expect(problem.errors.map(\.field) == fields)
    }

    @Test(
        arguments: [
            (",x,,,,", ["serial_number"]), ("A,x,an esp,,,", ["device_type"]), ("A,,,nonsense,,", ["mac_address"]),
            ("A,,,,x,", ["project_id"]), ("A,,,,,soon", ["reading_interval"]), ("A,,,,,0", ["reading_interval"]),
            ("A,,,x,x,x", ["project_id", "reading_interval", "mac_address"]), ("A,x", [""]), ("A,x,,,,,,", [""]),
            ("\"A,x,,,,", [""]), ("A,\(String(repeating: "x", count: 201)),,,,", ["name"]),
            (String(repeating: "A", count: 201) + ",,,,,", ["serial_number"]), ("A,x\u{0},,,,", ["name"]),
        ] as [(String, [String])])
    func `what is wrong with a line is said by column`(line: String, fields: [String]) throws {
        let header = "serial_number,name,device_type,mac_address,project_id,reading_interval\n"
        let table = try DeviceTable(Array((header + line + "\n").utf8))
        #expect(table.lines.map { $0.errors.map(\.field) } == [fields])
    }
}
