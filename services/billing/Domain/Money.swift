/// An amount in a currency; never a floating-point number.
struct Money: Sendable, Hashable, Encodable {
    /// In the currency's minor unit: cents of a euro, whole yen.
    let amount: Int64
    /// ISO 4217, such as `EUR`.
    let currency: String
}
