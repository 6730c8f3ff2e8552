import Testing

@testable import DevicesService

@Suite struct DeviceStatusTests {
    /// Each status after each event, in the order of the columns.
    @Test(
        arguments: [
            //             heard        online       offline      error        silent
            (DeviceStatus.provisioned, [.online, .online, .offline, .error, .provisioned]),
            (.online, [.online, .online, .offline, .error, .offline]),
            (.offline, [.online, .online, .offline, .error, .offline]),
            (.error, [.error, .online, .offline, .error, .offline]),
            (.maintenance, [.maintenance, .maintenance, .maintenance, .maintenance, .maintenance]),
            (.disabled, [.disabled, .disabled, .disabled, .disabled, .disabled]),
        ] as [(DeviceStatus, [DeviceStatus])])
    func `what a device does changes its status`(status: DeviceStatus, expected: [DeviceStatus]) {
        let events: [DeviceStatus.Event] = [
            .heard, .reported(.online), .reported(.offline), .reported(.error), .silent,
        ]
        #expect(events.map(status.after) == expected)
    }

    @Test(arguments: DeviceStatus.allCases)
    func `a person takes a device out of service and puts it back`(status: DeviceStatus) {
        #expect(status.after(.requested(.maintenance)) == .maintenance)
        #expect(status.after(.requested(.disabled)) == .disabled)
        for wish in DeviceStatus.allCases where !wish.isOutOfService {
            #expect(status.after(.requested(wish)) == (status.isOutOfService ? .offline : status))
        }
    }
}
