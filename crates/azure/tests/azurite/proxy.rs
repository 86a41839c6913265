use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where the first connection is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// After so many bytes of the request.
    Request(usize),
    /// After so many bytes of the answer, the first of which has come.
    Answer(usize),
}

/// Stands between a client and Azurite, cuts the first connection and leaves the others alone.
#[derive(Debug)]
pub(crate) struct Proxy {
    endpoint: String,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(endpoint: &str, cut: Cut) -> io::Result<Self> {
        let (address, account) = endpoint.trim_start_matches("http://").split_once('/').unwrap();
        let upstream: SocketAddr = address.parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}/{account}", listener.local_addr()?);
        let accepting = tokio::spawn(async move {
            let mut cut = Some(cut);
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, upstream, cut.take()));
            }
        });
        Ok(Self { endpoint, accepting })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut client: TcpStream, upstream: SocketAddr, cut: Option<Cut>) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    match cut {
        None => copy_bidirectional(&mut client, &mut server).await.map(drop),
        Some(Cut::Request(bytes)) => copy(&mut client, &mut server, bytes).await,
        Some(Cut::Answer(bytes)) => {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let answer = async {
                let mut first = [0];
                from_server.read_exact(&mut first).await?;
                if bytes > 0 {
                    to_client.write_all(&first).await?;
                    copy(&mut from_server, &mut to_client, bytes - 1).await?;
                }
                Ok(())
            };
            tokio::select! {
                answered = answer => answered,
                asked = tokio::io::copy(&mut from_client, &mut to_server) => asked.map(drop),
            }
        }
    }
}

/// So many bytes, from one to the other.
async fn copy(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    bytes: usize,
) -> io::Result<()> {
    let mut limited = from.take(bytes as u64);
    tokio::io::copy(&mut limited, to).await?;
    to.flush().await
}
