import FoundationEssentials
import Identity

/// Which device says it makes a request, and with which key, where no gate has looked at it.
struct DeviceCaller: Sendable {
    let device: UUID
    let credentials: Credentials
    let authenticator: Authenticator

    /// The device, as long as its key is good.
    ///
    /// - Throws: What refuses the key, and 404 for that of another device.
    func check() async throws -> DevicePrincipal {
        let device = try await authenticator.device(credentials)
        guard device.id == self.device else { throw DeviceError.notFound }
        return device
    }
}
