import FoundationEssentials
import Testing

@testable import lms

struct DeviceStateTests {
    private func command(_ type: String, _ parameters: String = "{}") throws -> DeviceCommand {
        let json = #"{"id": "1", "command_type": "\#(type)", "parameters": \#(parameters), "status": "sent"}"#
        return try JSONDecoder().decode(DeviceCommand.self, from: Data(json.utf8))
    }

    @Test(arguments: ["set-reading-interval", "set_reading_interval"])
    func `a new interval takes effect`(type: String) throws {
        var state = DeviceState(interval: 5)
        #expect(state.carryOut(try command(type, #"{"reading_interval": 2}"#)) == .done)
        #expect(state.interval == 2)
    }

    @Test(arguments: ["{}", #"{"reading_interval": "2"}"#, #"{"reading_interval": 0}"#, #"{"reading_interval": 1e9}"#])
    func `an interval that is none is refused and changes nothing`(parameters: String) throws {
        var state = DeviceState(interval: 5)
        guard case .refused = state.carryOut(try command("set-reading-interval", parameters)) else {
            Issue.record("it was not refused")
            return
        }
        #expect(state.interval == 5)
    }

    @Test func `new firmware is what the device reports after its restart`() throws {
        var state = DeviceState(interval: 5)
        let reaction = state.carryOut(try command("update-firmware", #"{"version": "2.1.0", "force": true}"#))
        #expect(reaction == .restart(seconds: 5))
        #expect(state.firmwareVersion == "2.1.0")
    }

    @Test func `a command that the device does not know fails with its name`() throws {
        var state = DeviceState(interval: 5)
        #expect(
            state.carryOut(try command("self-destruct"))
                == .refused(reason: "self-destruct is not a command of this device"))
    }
}
