import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.*;

/** Arguments: response, issuer, certificate, digest OID. Prints the status after checking delegate, signature and CertID. */
public class VerifyOcsp {
    public static void main(String[] files) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BasicOCSPResp response = (BasicOCSPResp) new OCSPResp(Files.readAllBytes(Path.of(files[0]))).getResponseObject();
        X509CertificateHolder issuer = new X509CertificateHolder(Files.readAllBytes(Path.of(files[1])));
        X509CertificateHolder certificate = new X509CertificateHolder(Files.readAllBytes(Path.of(files[2])));
        var verifiers = new JcaContentVerifierProviderBuilder().setProvider("BC");
        X509CertificateHolder delegate = response.getCerts()[0];
        if (!delegate.isSignatureValid(verifiers.build(issuer))) throw new Exception("delegate not issued by the CA");
        if (!response.isSignatureValid(verifiers.build(delegate))) throw new Exception("signature does not fit");
        var digest = new AlgorithmIdentifier(new ASN1ObjectIdentifier(files[3]), DERNull.INSTANCE);
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        SingleResp single = response.getResponses()[0];
        var id = new CertificateID(digests.get(digest), issuer, certificate.getSerialNumber());
        if (!single.getCertID().equals(id)) throw new Exception("another CertID");
        Object status = single.getCertStatus();
        System.out.println(status == CertificateStatus.GOOD ? "good" : status.getClass().getSimpleName());
    }
}
