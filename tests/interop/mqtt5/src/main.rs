//! The broker of the crate `mqtt5`: `interop-mqtt5 CONFIG.json` runs it, `interop-mqtt5 hash PASSWORD` prints what its
//! password file wants.
use mqtt5::broker::auth::PasswordAuthProvider;
use mqtt5::broker::{BrokerConfig, MqttBroker};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [word, password] if word == "hash" => println!("{}", PasswordAuthProvider::hash_password(password)?),
        [file] => {
            let config: BrokerConfig = serde_json::from_str(&std::fs::read_to_string(file)?)?;
            MqttBroker::with_config(config).await?.run().await?;
        }
        _ => return Err("usage: interop-mqtt5 CONFIG.json | hash PASSWORD".into()),
    }
    Ok(())
}
