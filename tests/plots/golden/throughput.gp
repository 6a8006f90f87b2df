# Redraws the picture: gnuplot './throughput.gp'
set terminal svg size 640,500 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './throughput.svg'
data = './throughput.dat'
set encoding utf8
set label 1 'Fault throughput against parallelism' at screen 0.0187,0.9640 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9260 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8960 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8660 left font ',11' textcolor rgb '#444444'
set label 5 'n = 3 to 6 repetitions a point: median, and the middle half of them (all, where fewer than 4)' at screen 0.0187,0.8360 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0840 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.8000
set bmargin at screen 0.2000
set logscale x 2
set xtics ('1' 1, '2' 2, '4' 4)
set xrange [0.9592641:4.169863]
set xlabel 'GPU threads that fault at once'
set ylabel 'faults per second'
set yrange [0:35000]
set ytics ('0' 0, '5k' 5000, '10k' 10000, '15k' 15000, '20k' 20000, '25k' 25000, '30k' 30000, '35k' 35000)
plot data index 0 using ($1*0.99585):($2*1):($3*1):($4*1) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#0072B2' dt 1 title 'A: fault/parallelism/read', \
     data index 1 using ($1*1.0042):($2*1):($3*1):($4*1) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#D55E00' dt 2 title 'label:b: fault/parallelism/read'
unset output
