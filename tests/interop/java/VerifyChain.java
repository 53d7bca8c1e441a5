import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.List;

import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Validates a certification path with revocation by BouncyCastle (RFC 5280, 6).
 *
 * Arguments: the instant in milliseconds, the root, then the other certificates from the leaf upwards, then the CRLs,
 * each as kind=path with kind cert or crl. Prints the number of each CRL and the key of the leaf; ends with an
 * exception that gives the reason when the path does not hold.
 */
public final class VerifyChain {
    private VerifyChain() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        List<X509Certificate> certificates = new ArrayList<>();
        List<X509CRL> lists = new ArrayList<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=", 2);
            byte[] encoded = Files.readAllBytes(Path.of(parts[1]));
            if (parts[0].equals("cert")) {
                certificates.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(encoded)));
            } else {
                lists.add((X509CRL) factory.generateCRL(new ByteArrayInputStream(encoded)));
            }
        }
        for (X509CRL list : lists) {
            Extension number = new X509CRLHolder(list.getEncoded()).getExtension(Extension.cRLNumber);
            System.out.println("crl number " + new BigInteger(number.getParsedValue().toString()));
        }
        X509Certificate root = certificates.remove(0);
        root.verify(root.getPublicKey(), "BC");
        PKIXParameters parameters = new PKIXParameters(Collections.singleton(new TrustAnchor(root, null)));
        parameters.setDate(new Date(Long.parseLong(arguments[0])));
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists), "BC"));
        CertPath path = factory.generateCertPath(certificates);
        PKIXCertPathValidatorResult result =
            (PKIXCertPathValidatorResult) CertPathValidator.getInstance("PKIX", "BC").validate(path, parameters);
        System.out.println("path holds for " + result.getPublicKey().getAlgorithm());
    }
}
